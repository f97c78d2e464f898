package org.glmspark.tokenizer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Where the published tokenizers and their golden cases are, on machines that have them.
public final class PublishedTokenizer {
  /// Names the folder that holds one folder for each family.
  private static final String PROPERTY = "glm.tokenizers";

  private PublishedTokenizer() {}

  /// The folder of a family; without it the test is skipped.
  public static Path folder(String family) {
    String named = System.getProperty(PROPERTY);
    Path root =
        named != null
            ? Path.of(named)
            : Stream.iterate(Path.of("").toAbsolutePath(), p -> p != null, Path::getParent)
                .map(p -> p.resolve("shared/data/tokenizers"))
                .filter(Files::isDirectory)
                .findFirst()
                .orElse(Path.of("shared/data/tokenizers"));
    Path folder = root.resolve(family);
    assumeTrue(
        Files.isDirectory(folder),
        () ->
            "no published tokenizer in %s: name the folder of the families with -D%s=FOLDER"
                .formatted(folder, PROPERTY));
    return folder;
  }
}
