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
  void canBeClosedWhileItsPagesAreBeingTouched() throws IOException {
    Path path = folder.resolve("model");
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(200 << 20);
    }
    for (int i = 0; i < 5; i++) {
      Arena arena = Arena.ofShared();
      MappedFile mapped = MappedFile.map(path, arena);
      mapped.startReading();
      mapped.stopReading();
      arena.close(); // would be refused if a thread were still in the mapping

      assertThat(arena.scope().isAlive()).isFalse();
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

  @Test
  void tellsOfAFileThatBecameShorterEvenInAnInterruptedThread() throws IOException {
    Path path = folder.resolve("model");
    Files.write(path, new byte[10_000]);
    try (Arena arena = Arena.ofShared()) {
      MappedFile mapped = MappedFile.map(path, arena);
      Thread.currentThread().interrupt();
      try {
        mapped.requireWhole();
        truncate(path, 20_000); // longer is no harm
        mapped.requireWhole();
        truncate(path, 9_999);
        assertThatThrownBy(mapped::requireWhole)
            .isInstanceOf(MalformedModelException.class)
            .hasMessage(
                "model: size: 9999 bytes, expected 10000 as when it was opened; it was cut off while"
                    + " in use");
        truncate(path, 10_000);
        mapped.requireWhole();
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
    }
  }

  private static void truncate(Path path, long bytes) throws IOException {
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  @Test
  void aFileThatWasDeletedOrReplacedIsWholeForThisMapping() throws IOException {
    Path path = folder.resolve("model");
    Files.write(path, new byte[10_000]);
    try (Arena arena = Arena.ofConfined()) {
      MappedFile mapped = MappedFile.map(path, arena);

      Files.move(path, folder.resolve("old"));
      mapped.requireWhole();
      Files.write(path, new byte[1]);
      mapped.requireWhole();

      assertThat(mapped.data().get(ValueLayout.JAVA_BYTE, 9_999)).isZero();
    }
  }

  private void assertRefused(String name, String message) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> MappedFile.map(folder.resolve(name), arena))
          .isInstanceOf(MalformedModelException.class)
          .hasMessage(message);
    }
  }
}
