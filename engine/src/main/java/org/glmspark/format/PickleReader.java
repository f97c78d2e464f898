package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// Reads the program in a pickle from front to back, and keeps account of the memory that its
/// values take: few bytes of a hostile pickle can make many or large ones.
///
/// Reading beyond the end throws a [java.nio.BufferUnderflowException].
final class PickleReader {
  private static final int MAX_PICKLE_BYTES = 100_000_000; // as the header of safetensors
  private static final int MAX_GLOBAL_LENGTH = 200;
  private static final int MOST_HEAP_BYTES_PER_BYTE = 10;
  private static final int SPARE_HEAP_BYTES = 1 << 20;
  private static final int NAME_BYTES = 80; // besides its letters

  private final MappedFile file;
  private final ByteBuffer pickle;
  private final long mostHeapBytes;
  private long heapBytes;

  /// Where the opcode that is carried out stands, for messages.
  private int position;

  /// @param pickle the entry `data.pkl` of the file
  /// @throws MalformedModelException if the pickle is larger than that of any model
  PickleReader(MappedFile file, MemorySegment pickle) {
    if (pickle.byteSize() > MAX_PICKLE_BYTES) {
      throw new MalformedModelException(
          file.name(),
          "data.pkl",
          "has %d bytes, expected at most %d".formatted(pickle.byteSize(), MAX_PICKLE_BYTES));
    }
    this.file = file;
    this.pickle = pickle.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    mostHeapBytes = (long) MOST_HEAP_BYTES_PER_BYTE * pickle.byteSize() + SPARE_HEAP_BYTES;
  }

  /// The file's name.
  String file() {
    return file.name();
  }

  /// The next opcode. It is the one that messages name from here on.
  int opcode() {
    position = pickle.position();
    return unsignedByte();
  }

  /// Bytes from here on.
  int left() {
    return pickle.remaining();
  }

  int unsignedByte() {
    return Byte.toUnsignedInt(pickle.get());
  }

  int unsignedShort() {
    return Short.toUnsignedInt(pickle.getShort());
  }

  int int32() {
    return pickle.getInt();
  }

  long unsignedInt() {
    return Integer.toUnsignedLong(pickle.getInt());
  }

  /// A number in two's complement after its length in one byte, the lowest byte first.
  long number() {
    int bytes = unsignedByte();
    if (bytes > Long.BYTES) {
      throw malformed("a number of %d bytes, expected at most 8".formatted(bytes));
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) unsignedByte() << (i * Byte.SIZE);
    }
    int unused = Long.SIZE - bytes * Byte.SIZE;
    return bytes == 0 ? 0 : value << unused >> unused;
  }

  /// Passes over a text after its length.
  PickleValue.Text text() {
    long bytes = unsignedInt();
    if (bytes > pickle.remaining()) {
      throw malformed("a text of %d bytes, but %d are left".formatted(bytes, pickle.remaining()));
    }
    var text = new PickleValue.Text(pickle.position(), (int) bytes);
    pickle.position(text.start() + text.bytes());
    return text;
  }

  /// Whether a text says this, in ASCII.
  boolean says(PickleValue.Text text, String expected) {
    boolean same = text.bytes() == expected.length();
    for (int i = 0; same && i < expected.length(); i++) {
      same = pickle.get(text.start() + i) == expected.charAt(i);
    }
    return same;
  }

  /// What a text says.
  ///
  /// @throws MalformedModelException if it is too long to be the name of anything, or not UTF-8
  String name(PickleValue.Text text, String what, int mostBytes) {
    if (text.bytes() > mostBytes) {
      throw malformed(
          "%s has %d bytes, expected at most %d".formatted(what, text.bytes(), mostBytes));
    }
    charge(NAME_BYTES + 2L * text.bytes());
    byte[] bytes = new byte[text.bytes()];
    pickle.get(text.start(), bytes);
    String name = StrictUtf8.text(bytes, 0, bytes.length);
    if (name == null) {
      throw malformed(what + " is not UTF-8");
    }
    return name;
  }

  /// Two lines with the module and the name of a class or function: both, with a blank between.
  String global() {
    return line() + " " + line();
  }

  /// Printable ASCII up to a line feed.
  private String line() {
    int start = pickle.position();
    for (int c = unsignedByte(); c != '\n'; c = unsignedByte()) {
      if (c < ' ' || c > '~' || pickle.position() - start > MAX_GLOBAL_LENGTH) {
        throw malformed(
            "the name of a class holds byte 0x%02x or is longer than %d, expected a short name"
                .formatted(c, MAX_GLOBAL_LENGTH));
      }
    }
    byte[] line = new byte[pickle.position() - 1 - start];
    pickle.get(start, line);
    return new String(line, StandardCharsets.US_ASCII);
  }

  /// Counts the heap that a value takes: before it is made.
  ///
  /// @throws MalformedModelException if all of them take more than a pickle of this size may ask
  ///   for
  void charge(long bytes) {
    heapBytes += bytes;
    if (heapBytes > mostHeapBytes) {
      throw malformed(
          "values that take more than %d bytes of memory, expected fewer in %d bytes of pickle"
              .formatted(mostHeapBytes, pickle.capacity()));
    }
  }

  MalformedModelException malformed(String problem) {
    return new MalformedModelException(file.name(), place(), problem);
  }

  MalformedModelException malformed(String problem, Throwable cause) {
    return new MalformedModelException(file.name(), place(), problem, cause);
  }

  private String place() {
    return "data.pkl, byte " + position;
  }
}
