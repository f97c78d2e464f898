package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {
  @TempDir Path folder;

  @Test
  void mapsFilesLargerThanAnInt() throws IOException {
    long bytes = (3L << 30) + 5;
    Path path = folder.resolve("large");
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes); // a hole on disk: it takes no space
      file.seek(bytes - 1);
      file.write(42);
    }
    try (Arena arena = Arena.ofConfined()) {
      MappedFile mapped = MappedFile.map(path, arena);

      assertThat(mapped.name()).isEqualTo("large");
      assertThat(mapped.data().byteSize()).isEqualTo(bytes);
      assertThat(mapped.data().get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 42);
      assertThat(mapped.data().isReadOnly()).isTrue();
    }
  }

  @Test
  void refusesWhatIsNoReadableFile() throws IOException {
    Files.createFile(folder.resolve("empty"));
    Files.createDirectory(folder.resolve("subfolder"));

    assertRefused("missing", "missing: in " + folder + ": there is no such file");
    assertRefused("empty", "empty: in " + folder + ": the file is empty");
    assertRefused("subfolder", "subfolder: in " + folder + ": is not a file, expected a file");
  }

  private void assertRefused(String name, String message) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> MappedFile.map(folder.resolve(name), arena))
          .isInstanceOf(MalformedModelException.class)
          .hasMessage(message);
    }
  }
}
