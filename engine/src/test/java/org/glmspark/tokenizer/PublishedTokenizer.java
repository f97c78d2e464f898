package org.glmspark.tokenizer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/// Where the published tokenizers and their golden cases are, on machines that have them: in
/// `shared/data/tokenizers` above the working directory, or where a property says.
public final class PublishedTokenizer {
  /// Names the folder that holds one folder for each family.
  private static final String PROPERTY = "glm.tokenizers";

  private PublishedTokenizer() {}

  /// The folder of a family; without it the test is skipped.
  public static Path folder(String family) {
    String named = System.getProperty(PROPERTY);
    Path folder = (named == null ? nearest() : Path.of(named)).resolve(family);
    assumeTrue(
        Files.isDirectory(folder),
        () ->
            "no published tokenizer in %s: name the folder of the families with -D%s=FOLDER"
                .formatted(folder, PROPERTY));
    return folder;
  }

  /// The folder in the working directory or in the first of its parents that has one.
  private static Path nearest() {
    Path relative = Path.of("shared/data/tokenizers");
    Path start = Path.of("").toAbsolutePath();
    for (Path parent = start; parent != null; parent = parent.getParent()) {
      if (Files.isDirectory(parent.resolve(relative))) {
        return parent.resolve(relative);
      }
    }
    return start.resolve(relative);
  }
}
