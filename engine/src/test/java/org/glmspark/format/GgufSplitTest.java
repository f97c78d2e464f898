package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufSplitTest {
  @TempDir Path folder;

  /// Three parts; the first has the metadata and, as some splitters write it, no tensor.
  @BeforeEach
  void writeParts() {
    part(0).text("general.architecture", "glm4").write(path(0));
    part(1).tensor("a", new float[] {1, 2}, 2).tensor("b", new float[] {3}, 1).write(path(1));
    part(2).tensor("c", new float[] {4}, 1).write(path(2));
  }

  private static GgufBytes part(int number) {
    return new GgufBytes()
        .uint32("split.no", number)
        .uint32("split.count", 3)
        .uint32("split.tensors.count", 3);
  }

  private Path path(int number) {
    return folder.resolve("glm-0000%d-of-00003.gguf".formatted(number + 1));
  }

  @Test
  void theFirstPartStandsForAll() {
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(path(0), arena);

      assertThat(file.files().stream().map(MappedFile::name))
          .containsExactly(
              "glm-00001-of-00003.gguf", "glm-00002-of-00003.gguf", "glm-00003-of-00003.gguf");
      assertThat(file.metadata().text("general.architecture")).isEqualTo("glm4");
      assertThat(file.tensors().keySet()).containsExactly("a", "b", "c");
      assertThat(file.tensors().get("c").floats()).containsExactly(4);
      assertThat(file.tensors().get("c").file()).isEqualTo("glm-00003-of-00003.gguf");
    }
  }

  @Test
  void aSplitIntoOneIsAFileLikeAnyOther() {
    Path path = folder.resolve("whole.gguf");
    new GgufBytes()
        .uint32("split.no", 0)
        .uint32("split.count", 1)
        .tensor("a", new float[] {5}, 1)
        .write(path);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(GgufFile.open(path, arena).tensors().get("a").floats()).containsExactly(5);
    }
  }

  @Test
  void anotherPartSaysWhichFileToName() {
    assertRefused(
        path(1),
        "glm-00002-of-00003.gguf: key 'split.no': is 1, expected 0, that of the first part; name"
            + " glm-00001-of-00003.gguf instead");
  }

  @Test
  void aRenamedPartSaysWhyTheOthersAreNotFound() throws IOException {
    Path renamed = folder.resolve("model.gguf");
    Files.move(path(0), renamed);

    assertRefused(
        renamed,
        "model.gguf: name: the file is number 1 of 3 parts (split.no, split.count), expected a name"
            + " that ends in -00001-of-00003.gguf");
  }

  @Test
  void aMissingPartIsNamed() throws IOException {
    Files.delete(path(2));

    assertRefused(
        path(0),
        "glm-00003-of-00003.gguf: part 3 of 3: there is no such file, but glm-00001-of-00003.gguf"
            + " needs it (split.count)");
  }

  @Test
  void partsThatDoNotBelongTogetherAreRefused() throws IOException {
    List<GgufBytes> others =
        List.of(
            new GgufBytes(),
            part(1),
            new GgufBytes().uint32("split.no", 2).uint32("split.count", 4),
            part(2).tensor("a", new float[] {4}, 1),
            part(2).tensor("c", new float[] {4}, 1).tensor("d", new float[] {4}, 1));
    List<String> messages =
        List.of(
            "glm-00003-of-00003.gguf: key 'split.no': is missing",
            "glm-00003-of-00003.gguf: key 'split.no': is 1, expected 2 by the file's name",
            "key 'split.count': is 4, expected 3 as in glm-00001-of-00003.gguf",
            "glm-00003-of-00003.gguf: tensor 'a': is in glm-00002-of-00003.gguf too",
            "glm-00001-of-00003.gguf: key 'split.tensors.count': is 3, expected 4, as many as the"
                + " parts hold");
    for (int i = 0; i < others.size(); i++) {
      others.get(i).write(path(2));
      assertRefused(path(0), messages.get(i));
    }
  }

  private static void assertRefused(Path path, String message) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> GgufFile.open(path, arena))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageContaining(message);
    }
  }
}
