package org.glmspark.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Writes pickles of protocol 2, opcode by opcode, sound and broken ones.
final class PickleBytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /// A dictionary as `torch.save` begins it: the entries up to [#end] are its tensors.
  static PickleBytes dictionary() {
    return new PickleBytes().bytes(0x80, 2, '}', '(');
  }

  /// Sets the entries of [#dictionary] and stops.
  byte[] end() {
    return bytes('u', '.').toByteArray();
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  PickleBytes bytes(int... bytes) {
    for (int value : bytes) {
      out.write(value);
    }
    return this;
  }

  PickleBytes text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    bytes('X').int32(utf8.length);
    out.writeBytes(utf8);
    return this;
  }

  /// As Python writes it: the shortest opcode that holds it.
  PickleBytes number(long value) {
    if (value == (value & 0xFF)) {
      return bytes('K', (int) value);
    }
    if (value == (value & 0xFFFF)) {
      return bytes('M', (int) value & 0xFF, (int) value >> Byte.SIZE);
    }
    if (value == (int) value) {
      return bytes('J').int32((int) value);
    }
    bytes(0x8a, Long.BYTES);
    for (int i = 0; i < Long.BYTES; i++) {
      bytes((int) (value >> (i * Byte.SIZE)) & 0xFF);
    }
    return this;
  }

  PickleBytes global(String module, String name) {
    out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  PickleBytes tuple(List<Long> numbers) {
    bytes('(');
    numbers.forEach(this::number);
    return bytes('t');
  }

  PickleBytes storage(String type, String key, long elements) {
    return bytes('(')
        .text("storage")
        .global("torch", type)
        .text(key)
        .text("cpu")
        .number(elements)
        .bytes('t', 'Q');
  }

  /// An entry of a dictionary.
  PickleBytes tensor(
      String name,
      String type,
      String key,
      long elements,
      long offset,
      List<Long> shape,
      List<Long> strides) {
    return text(name)
        .global("torch._utils", "_rebuild_tensor_v2")
        .bytes('(')
        .storage(type, key, elements)
        .number(offset)
        .tuple(shape)
        .tuple(strides)
        .bytes(0x89)
        .orderedDictionary()
        .bytes('t', 'R');
  }

  PickleBytes orderedDictionary() {
    return global("collections", "OrderedDict").bytes(')', 'R');
  }

  private PickleBytes int32(int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }
}
