package org.glmspark.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;

/// A file of a model folder that is small enough to be read whole.
final class WholeFile {
  /// Some twenty times the size of GLM-4's tokenizer.
  private static final long LARGEST_BYTES = 1L << 26;

  private final String name;
  private final byte[] bytes;

  WholeFile(String name, byte[] bytes) {
    this.name = name;
    this.bytes = bytes;
  }

  /// @throws MalformedModelException if there is no such file, or it is absurdly large
  static WholeFile read(Path path) throws IOException {
    String name = String.valueOf(path.getFileName());
    if (!Files.isRegularFile(path)) {
      throw new MalformedModelException(
          name, String.valueOf(path.toAbsolutePath().getParent()), "there is no such file here");
    }
    long size = Files.size(path);
    if (size > LARGEST_BYTES) {
      throw new MalformedModelException(
          name, "size", "%d bytes, expected at most %d".formatted(size, LARGEST_BYTES));
    }
    return new WholeFile(name, Files.readAllBytes(path));
  }

  /// What messages call the file.
  String name() {
    return name;
  }

  /// Its content; not to be changed.
  byte[] bytes() {
    return bytes;
  }
}
