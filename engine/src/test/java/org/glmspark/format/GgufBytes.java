package org.glmspark.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes GGUF files, sound and broken ones. Types are given by their numbers in the format, and
/// dimensions as the format has them, the columns first.
public final class GgufBytes {
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final List<byte[]> keys = new ArrayList<>();
  private final List<byte[]> infos = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private int version = 3;
  private int alignment = 32;
  private @Nullable Long keyCount;
  private @Nullable Long tensorCount;

  /// A file of version 3 without keys and tensors.
  public GgufBytes() {}

  /// Version 3 is the default.
  public GgufBytes version(int version) {
    this.version = version;
    return this;
  }

  /// The multiple to which the data of each tensor is padded; 32 is the default. Writes no key.
  public GgufBytes alignment(int alignment) {
    this.alignment = alignment;
    return this;
  }

  /// Writes another number of keys than there are.
  public GgufBytes keyCount(long count) {
    keyCount = count;
    return this;
  }

  /// Writes another number of tensors than there are.
  public GgufBytes tensorCount(long count) {
    tensorCount = count;
    return this;
  }

  /// A key with a value of any type.
  public GgufBytes key(String key, int type, byte[] value) {
    return keyBytes(string(key), type, value);
  }

  /// A key whose name may be broken.
  public GgufBytes keyBytes(byte[] key, int type, byte[] value) {
    keys.add(concat(key, int32(type), value));
    return this;
  }

  public GgufBytes uint8(String key, int value) {
    return key(key, 0, new byte[] {(byte) value});
  }

  public GgufBytes uint32(String key, long value) {
    return key(key, 4, int32((int) value));
  }

  public GgufBytes float32(String key, float value) {
    return key(key, FLOAT32, int32(Float.floatToRawIntBits(value)));
  }

  public GgufBytes flag(String key, int value) {
    return key(key, 7, new byte[] {(byte) value});
  }

  public GgufBytes text(String key, String value) {
    return key(key, STRING, string(value));
  }

  /// An array whose size may be a lie.
  public GgufBytes array(String key, int type, long count, byte[] elements) {
    return key(key, ARRAY, concat(int32(type), int64(count), elements));
  }

  public GgufBytes texts(String key, String... values) {
    var elements = new ByteArrayOutputStream();
    for (String value : values) {
      elements.writeBytes(string(value));
    }
    return array(key, STRING, values.length, elements.toByteArray());
  }

  public GgufBytes int32s(String key, int... values) {
    byte[] elements = new byte[4 * values.length];
    littleEndian(elements).asIntBuffer().put(values);
    return array(key, 5, values.length, elements);
  }

  public GgufBytes float32s(String key, float... values) {
    return array(key, FLOAT32, values.length, floats(values));
  }

  /// A tensor, its data behind that of the one before.
  public GgufBytes tensor(String name, int type, byte[] values, long... dimensions) {
    while (data.size() % alignment != 0) {
      data.write(0);
    }
    info(string(name), type, data.size(), dimensions);
    data.writeBytes(values);
    return this;
  }

  /// A tensor of float32.
  public GgufBytes tensor(String name, float[] values, long... dimensions) {
    return tensor(name, 0, floats(values), dimensions);
  }

  /// An entry of the directory, without data.
  public GgufBytes info(byte[] name, int type, long offset, long... dimensions) {
    return lyingInfo(name, type, offset, dimensions.length, dimensions);
  }

  /// An entry of the directory whose number of dimensions may be a lie.
  public GgufBytes lyingInfo(
      byte[] name, int type, long offset, int dimensionCount, long... dimensions) {
    byte[] sizes = new byte[8 * dimensions.length];
    littleEndian(sizes).asLongBuffer().put(dimensions);
    infos.add(concat(name, int32(dimensionCount), sizes, int32(type), int64(offset)));
    return this;
  }

  /// Bytes of data that belong to no tensor.
  public GgufBytes data(int bytes) {
    data.writeBytes(new byte[bytes]);
    return this;
  }

  /// The whole file.
  public byte[] bytes() {
    byte[] header =
        concat(
            "GGUF".getBytes(StandardCharsets.UTF_8),
            int32(version),
            int64(tensorCount == null ? infos.size() : tensorCount),
            int64(keyCount == null ? keys.size() : keyCount),
            concat(keys.toArray(byte[][]::new)),
            concat(infos.toArray(byte[][]::new)));
    byte[] padding = new byte[(alignment - header.length % alignment) % alignment];
    return concat(header, padding, data.toByteArray());
  }

  /// Writes the whole file.
  public void write(Path path) {
    try {
      Files.write(path, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A string as the format has it: its length and its bytes.
  public static byte[] string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return string(bytes.length, bytes);
  }

  /// A string whose length may be a lie, and whose bytes may be no text.
  public static byte[] string(long length, byte... bytes) {
    return concat(int64(length), bytes);
  }

  public static byte[] int32(int value) {
    byte[] bytes = new byte[4];
    littleEndian(bytes).putInt(value);
    return bytes;
  }

  public static byte[] int64(long value) {
    byte[] bytes = new byte[8];
    littleEndian(bytes).putLong(value);
    return bytes;
  }

  public static byte[] concat(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] floats(float... values) {
    byte[] bytes = new byte[4 * values.length];
    littleEndian(bytes).asFloatBuffer().put(values);
    return bytes;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
