package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Reads the header of a GGUF file from front to back. Nothing is read, skipped or allocated before
/// the file is known to be long enough.
///
/// The bytes go through a window on the heap: a vocabulary has half a million strings, and a fresh
/// JVM takes seconds to look each of them up in mapped memory.
final class GgufReader {
  /// The longest strings of real files are chat templates, of some 100 KB.
  private static final int MAX_STRING_BYTES = 16 << 20;

  private static final int WINDOW_BYTES = 1 << 16;
  private static final long NO_ELEMENT = -1;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final String file;
  private final MemorySegment data;
  private final byte[] window;
  private long windowStart;
  private long windowEnd;
  private long position;
  private String what = "header";
  private @Nullable String name;
  private int number;
  private int count;
  private long element = NO_ELEMENT;

  /// @param file the file's name, for messages
  /// @param data the file, or the part of it to read
  GgufReader(String file, MemorySegment data) {
    this.file = file;
    this.data = data;
    this.window = new byte[(int) Math.min(WINDOW_BYTES, data.byteSize())];
  }

  /// The file's name.
  String file() {
    return file;
  }

  /// Says that one of several things is being read from here on, for messages.
  ///
  /// @param number which one, from 1
  void enter(String what, int number, int count) {
    this.what = what;
    this.number = number;
    this.count = count;
    name = null;
  }

  /// Says what the name of the thing is, which [#enter] told of.
  void named(String name) {
    this.name = name;
  }

  private String place() {
    if (name != null) {
      return what + " " + Excerpt.quoted(name);
    }
    return count == 0 ? what : "%s %d of %d".formatted(what, number, count);
  }

  /// Where the next byte is read, counted from the start.
  long position() {
    return position;
  }

  /// The bytes in front of here.
  MemorySegment done() {
    return data.asSlice(0, position);
  }

  /// Bytes from here on.
  long left() {
    return data.byteSize() - position;
  }

  MalformedModelException malformed(String problem) {
    return new MalformedModelException(file, place(), problem);
  }

  MalformedModelException malformed(String problem, Throwable cause) {
    return new MalformedModelException(file, place(), problem, cause);
  }

  int int32(String what) {
    return (int) INT.get(window, advance(Integer.BYTES, what));
  }

  /// An unsigned number of 32 bits.
  long uint32(String what) {
    return Integer.toUnsignedLong(int32(what));
  }

  /// 64 bits, negative if they are an unsigned number beyond 2^63.
  long int64(String what) {
    return (long) LONG.get(window, advance(Long.BYTES, what));
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
    requireLeft(bytes, "the value");
    MemorySegment values = data.asSlice(position, bytes);
    position += bytes;
    return values;
  }

  /// Strings of an array: their lengths and bytes, checked as if they were read.
  MemorySegment strings(long count) {
    long start = position;
    for (long i = 0; i < count; i++) {
      element = i;
      Span span = span("string", MAX_STRING_BYTES);
      if (!StrictUtf8.isText(span.bytes(), span.start(), span.length())) {
        throw notUtf8("string");
      }
    }
    element = NO_ELEMENT;
    return data.asSlice(start, position - start);
  }

  /// A string in UTF-8.
  ///
  /// @param what what it is called in messages
  String string(String what) {
    return string(what, MAX_STRING_BYTES);
  }

  /// A string in UTF-8 of limited size.
  String string(String what, int mostBytes) {
    Span span = span(what, mostBytes);
    String text = StrictUtf8.text(span.bytes(), span.start(), span.length());
    if (text == null) {
      throw notUtf8(what);
    }
    return text;
  }

  private MalformedModelException notUtf8(String what) {
    return malformed("the " + indexed(what) + " is not UTF-8");
  }

  /// Some bytes on the heap.
  private record Span(byte[] bytes, int start, int length) {}

  private Span span(String what, int mostBytes) {
    int length = stringLength(what, mostBytes);
    if (length <= window.length) {
      return new Span(window, advance(length, what), length);
    }
    byte[] bytes = data.asSlice(position, length).toArray(ValueLayout.JAVA_BYTE);
    position += length;
    return new Span(bytes, 0, length);
  }

  private int stringLength(String what, int mostBytes) {
    long length = int64("the length of a string");
    if (length < 0 || length > left()) {
      throw malformed(
          "the %s is said to have %s bytes, but only %d are left in the file"
              .formatted(indexed(what), Long.toUnsignedString(length), left()));
    }
    if (length > mostBytes) {
      throw malformed(
          "the %s has %d bytes, expected at most %d".formatted(indexed(what), length, mostBytes));
    }
    return (int) length;
  }

  private String indexed(String what) {
    return element == NO_ELEMENT ? what : what + " " + element;
  }

  private void requireLeft(long bytes, String what) {
    if (bytes > left()) {
      throw malformed(
          "the file ends in %s: %d bytes are left, expected %d; it is cut off or not whole"
              .formatted(what, left(), bytes));
    }
  }

  /// Goes on by some bytes, at most as many as the window holds.
  ///
  /// @return where they are in the window
  private int advance(int bytes, String what) {
    requireLeft(bytes, what);
    if (position + bytes > windowEnd) {
      int filled = (int) Math.min(window.length, left());
      MemorySegment.copy(data, ValueLayout.JAVA_BYTE, position, window, 0, filled);
      windowStart = position;
      windowEnd = position + filled;
    }
    int at = (int) (position - windowStart);
    position += bytes;
    return at;
  }
}
