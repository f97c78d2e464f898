package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import org.glmspark.format.MalformedModelException;

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

  private final WholeFile file;
  private final ByteBuffer bytes;

  /// Where [#bytes] begins in the file.
  private final int offset;

  private int fieldStart;
  private int field;
  private int wireType;

  ProtobufReader(WholeFile file) {
    this(file, ByteBuffer.wrap(file.bytes()).order(ByteOrder.LITTLE_ENDIAN), 0);
  }

  private ProtobufReader(WholeFile file, ByteBuffer bytes, int offset) {
    this.file = file;
    this.bytes = bytes;
    this.offset = offset;
  }

  /// Goes to the next field, whose value is then to be read or skipped.
  ///
  /// @return whether there is one
  boolean next() {
    if (!bytes.hasRemaining()) {
      return false;
    }
    fieldStart = bytes.position();
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
    requireBytes(Float.BYTES);
    return bytes.getFloat();
  }

  /// Its value, a string.
  String text() {
    ByteBuffer value = value();
    try {
      return UTF_8.newDecoder().decode(value).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedModelException(
          file.name(), place(), "the text of field %d is no UTF-8".formatted(field), e);
    }
  }

  /// How long its value is, a string or message.
  int length() {
    return value().remaining();
  }

  /// Its value, a message.
  ProtobufReader message() {
    ByteBuffer value = value();
    int start = offset + bytes.position() - value.remaining();
    return new ProtobufReader(file, value.order(ByteOrder.LITTLE_ENDIAN), start);
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
    return "offset " + (offset + fieldStart);
  }

  private ByteBuffer value() {
    requireType(LENGTH);
    long length = varint();
    if (length < 0 || length > bytes.remaining()) {
      throw malformed(
          "field %d has %s bytes, expected at most the %d that are left"
              .formatted(field, Long.toUnsignedString(length), bytes.remaining()));
    }
    ByteBuffer value = bytes.slice(bytes.position(), (int) length);
    skip((int) length);
    return value;
  }

  private void skip(int count) {
    requireBytes(count);
    bytes.position(bytes.position() + count);
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      requireBytes(1);
      byte b = bytes.get();
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
    if (bytes.remaining() < count) {
      throw malformed(
          "%d bytes are left, expected at least %d".formatted(bytes.remaining(), count));
    }
  }
}
