package org.glmspark.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.StrictUtf8;

/// Reads the fields of one message in the wire format of Protocol Buffers. Nothing is copied but
/// the strings that are asked for.
///
/// ```
/// while (reader.next()) {
///   switch (reader.field()) {
///     case 1 -> reader.text();
///     default -> reader.skip();
///   }
/// }
/// ```
///
/// Source: <https://protobuf.dev/programming-guides/encoding/>. Groups, which the format has given
/// up, are refused.
final class ProtobufReader {
  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int LENGTH = 2;
  private static final int FOUR_BYTES = 5;

  private static final int MAX_VARINT_BYTES = 10;

  private static final VarHandle FLOAT =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

  private final WholeFile file;
  private final byte[] bytes;
  private final int end;
  private int position;
  private int fieldStart;
  private int field;
  private int wireType;

  ProtobufReader(WholeFile file) {
    this(file, 0, file.bytes().length);
  }

  private ProtobufReader(WholeFile file, int start, int end) {
    this.file = file;
    this.bytes = file.bytes();
    this.end = end;
    position = start;
  }

  /// Goes to the next field, whose value is then to be read or skipped.
  ///
  /// @return whether there is one
  boolean next() {
    if (position == end) {
      return false;
    }
    fieldStart = position;
    long tag = varint();
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    if (field == 0 || tag >>> 32 != 0) {
      throw malformed("the tag of a field is %d, expected 8 to 2^32 - 1".formatted(tag));
    }
    return true;
  }

  /// The number of the field.
  int field() {
    return field;
  }

  /// Its value, a whole number.
  long number() {
    requireType(VARINT);
    return varint();
  }

  /// Its value, true or false.
  boolean flag() {
    return number() != 0;
  }

  /// Its value, a floating-point number of four bytes.
  float float32() {
    requireType(FOUR_BYTES);
    int start = position;
    skip(Float.BYTES);
    return (float) FLOAT.get(bytes, start);
  }

  /// Its value, a string.
  String text() {
    int length = value();
    String text = StrictUtf8.text(bytes, position - length, length);
    if (text == null) {
      throw malformed("the text of field %d is no UTF-8".formatted(field));
    }
    return text;
  }

  /// How long its value is, a string or message.
  int length() {
    return value();
  }

  /// Its value, a message.
  ProtobufReader message() {
    int length = value();
    return new ProtobufReader(file, position - length, position);
  }

  /// Passes over the value.
  void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case EIGHT_BYTES -> skip(Long.BYTES);
      case LENGTH -> value();
      case FOUR_BYTES -> skip(Integer.BYTES);
      default ->
          throw malformed(
              "field %d has wire type %d, expected 0, 1, 2 or 5".formatted(field, wireType));
    }
  }

  /// The sentence that the field is something else than was expected.
  MalformedModelException malformed(String problem) {
    return new MalformedModelException(file.name(), place(), problem);
  }

  private String place() {
    return "offset " + fieldStart;
  }

  /// Passes over a string or message.
  ///
  /// @return its length
  private int value() {
    requireType(LENGTH);
    long length = varint();
    if (length < 0 || length > end - position) {
      throw malformed(
          "field %d has %s bytes, expected at most the %d that are left"
              .formatted(field, Long.toUnsignedString(length), end - position));
    }
    skip((int) length);
    return (int) length;
  }

  private void skip(int count) {
    requireBytes(count);
    position += count;
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      requireBytes(1);
      byte b = bytes[position++];
      value |= (b & 0x7FL) << (7 * i);
      if (b >= 0) {
        return value;
      }
    }
    throw malformed("a number has more than %d bytes".formatted(MAX_VARINT_BYTES));
  }

  private void requireType(int expected) {
    if (wireType != expected) {
      throw malformed(
          "field %d has wire type %d, expected %d".formatted(field, wireType, expected));
    }
  }

  private void requireBytes(int count) {
    if (end - position < count) {
      throw malformed("%d bytes are left, expected at least %d".formatted(end - position, count));
    }
  }
}
