package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads the header of a GGUF file from front to back. Nothing is read, skipped or allocated before
/// the file is known to be long enough.
final class GgufReader {
  /// The longest strings of real files are chat templates, of some 100 KB.
  private static final int MAX_STRING_BYTES = 16 << 20;

  private static final int BUFFER_BYTES = 1 << 12;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MappedFile file;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final CharBuffer characters = CharBuffer.allocate(BUFFER_BYTES);
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private long position;
  private String place = "header";

  GgufReader(MappedFile file) {
    this.file = file;
  }

  /// Says what is being read from here on, for messages.
  void enter(String place) {
    this.place = place;
  }

  /// Where the next byte is read, counted from the start of the file.
  long position() {
    return position;
  }

  /// Bytes of the file from here on.
  long left() {
    return file.data().byteSize() - position;
  }

  MalformedModelException malformed(String problem) {
    return new MalformedModelException(file.name(), place, problem);
  }

  MalformedModelException malformed(String problem, Throwable cause) {
    return new MalformedModelException(file.name(), place, problem, cause);
  }

  int int32(String what) {
    return file.data().get(INT, advance(Integer.BYTES, what));
  }

  /// An unsigned number of 32 bits.
  long uint32(String what) {
    return Integer.toUnsignedLong(int32(what));
  }

  /// 64 bits, negative if they are an unsigned number beyond 2^63.
  long int64(String what) {
    return file.data().get(LONG, advance(Long.BYTES, what));
  }

  /// A number of things that each take some bytes: at most as many as the file has room for.
  ///
  /// @param leastBytes the fewest bytes that one of them takes
  /// @param most a limit besides, whatever the size of the file
  long count(String what, int leastBytes, long most) {
    long count = int64("the number of " + what);
    if (count < 0 || count > left() / leastBytes) {
      throw malformed(
          "says %s %s of %d bytes or more, but only %d bytes are left in the file"
              .formatted(Long.toUnsignedString(count), what, leastBytes, left()));
    }
    if (count > most) {
      throw malformed("has %d %s, expected at most %d".formatted(count, what, most));
    }
    return count;
  }

  /// The bytes of `count` values of fixed size.
  MemorySegment values(GgufType type, long count) {
    long bytes = count * type.leastBytes();
    return file.data().asSlice(advance(bytes, "the value"), bytes);
  }

  /// A string of some bytes, in UTF-8.
  String string(String what, int mostBytes) {
    int length = stringLength(what, mostBytes, null);
    byte[] bytes = utf8(what, length, null);
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  String string(String what) {
    return string(what, MAX_STRING_BYTES);
  }

  /// Passes over strings, which are checked as if they were read.
  ///
  /// @return their lengths and bytes
  MemorySegment strings(long count) {
    long start = position;
    for (long i = 0; i < count; i++) {
      int length = stringLength("string", MAX_STRING_BYTES, i);
      utf8("string", length, i);
    }
    return file.data().asSlice(start, position - start);
  }

  private int stringLength(String what, int mostBytes, @Nullable Long index) {
    long length = int64("the length of the " + what);
    if (length < 0 || length > left()) {
      throw malformed(
          "the %s is said to have %s bytes, but only %d are left in the file"
              .formatted(indexed(what, index), Long.toUnsignedString(length), left()));
    }
    if (length > mostBytes) {
      throw malformed(
          "the %s has %d bytes, expected at most %d"
              .formatted(indexed(what, index), length, mostBytes));
    }
    return (int) length;
  }

  /// The next `length` bytes at the start of an array, and perhaps others behind them.
  private byte[] utf8(String what, int length, @Nullable Long index) {
    byte[] bytes = length <= buffer.length ? buffer : new byte[length];
    MemorySegment.copy(file.data(), ValueLayout.JAVA_BYTE, advance(length, what), bytes, 0, length);
    if (!isAscii(bytes, length) && !isUtf8(ByteBuffer.wrap(bytes, 0, length))) {
      throw malformed("the " + indexed(what, index) + " is not UTF-8");
    }
    return bytes;
  }

  private static boolean isAscii(byte[] bytes, int length) {
    int all = 0;
    for (int i = 0; i < length; i++) {
      all |= bytes[i];
    }
    return all >= 0;
  }

  private boolean isUtf8(ByteBuffer bytes) {
    utf8.reset();
    CoderResult result;
    do {
      result = utf8.decode(bytes, characters.clear(), true);
    } while (result.isOverflow());
    return !result.isError();
  }

  private static String indexed(String what, @Nullable Long index) {
    return index == null ? what : what + " " + index;
  }

  /// Goes on by some bytes.
  ///
  /// @return the position before
  private long advance(long bytes, String what) {
    if (bytes > left()) {
      throw malformed(
          "the file ends in %s: %d bytes are left, expected %d; it is cut off or not whole"
              .formatted(what, left(), bytes));
    }
    long before = position;
    position += bytes;
    return before;
  }
}
