package org.glmspark.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/// Writes safetensors files, sound and broken ones.
public final class Safetensors {
  private Safetensors() {}

  /// A file of a header and the data behind it.
  public static byte[] bytes(String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return bytes(text.length, text, data);
  }

  /// A file whose header length may be a lie.
  public static byte[] bytes(long headerLength, byte[] header, byte[] data) {
    return ByteBuffer.allocate(Long.BYTES + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerLength)
        .put(header)
        .put(data)
        .array();
  }

  /// Rewrites the header of a file and leaves the data as it is.
  public static void editHeader(Path file, UnaryOperator<String> edit) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
      int dataStart = Long.BYTES + length;
      String before = new String(bytes, Long.BYTES, length, StandardCharsets.UTF_8);
      String after = edit.apply(before);
      if (after.equals(before)) {
        throw new IllegalArgumentException("the edit changes nothing in " + before);
      }
      Files.write(file, bytes(after, Arrays.copyOfRange(bytes, dataStart, bytes.length)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
