package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// A metadata value of a GGUF file. `toString` is short and made for messages and listings.
sealed interface GgufValue {

  /// A number of one of the eight integer types.
  record Whole(long value, GgufType type) implements GgufValue {
    /// Whether the number is in a range, both ends included.
    boolean isWithin(long least, long most) {
      boolean beyondLong = type == GgufType.UINT64 && value < 0;
      return !beyondLong && value >= least && value <= most;
    }

    @Override
    public String toString() {
      return type == GgufType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
    }
  }

  /// A number of one of the two floating-point types.
  record Real(double value, GgufType type) implements GgufValue {
    @Override
    public String toString() { // a float32 shows the digits it has, not those of a double
      return type == GgufType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
    }
  }

  record Flag(boolean value) implements GgufValue {
    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  record Text(String value) implements GgufValue {
    @Override
    public String toString() {
      return '"' + Excerpt.of(value) + '"';
    }
  }

  /// An array, left in the file until somebody asks for it.
  ///
  /// @param file the file's name, for messages
  /// @param type of each element, not [GgufType#ARRAY]
  /// @param data the elements, checked: exactly `count` of them, strings in UTF-8
  record Elements(String file, GgufType type, long count, MemorySegment data) implements GgufValue {
    private static final int SHOWN = 3;

    /// An element of any type but string.
    GgufValue element(long index) {
      return switch (type) {
        case UINT8 -> new Whole(Byte.toUnsignedLong(octet(index)), type);
        case INT8 -> new Whole(octet(index), type);
        case UINT16 ->
            new Whole(Short.toUnsignedLong(data.getAtIndex(LittleEndian.SHORT, index)), type);
        case INT16 -> new Whole(data.getAtIndex(LittleEndian.SHORT, index), type);
        case UINT32 ->
            new Whole(Integer.toUnsignedLong(data.getAtIndex(LittleEndian.INT, index)), type);
        case INT32 -> new Whole(data.getAtIndex(LittleEndian.INT, index), type);
        case UINT64, INT64 -> new Whole(data.getAtIndex(LittleEndian.LONG, index), type);
        case FLOAT32 -> new Real(data.getAtIndex(LittleEndian.FLOAT, index), type);
        case FLOAT64 -> new Real(data.getAtIndex(LittleEndian.DOUBLE, index), type);
        case BOOL -> new Flag(octet(index) != 0);
        case STRING, ARRAY -> throw new IllegalArgumentException(type + " has no fixed size");
      };
    }

    private byte octet(long index) {
      return data.get(ValueLayout.JAVA_BYTE, index);
    }

    /// The first `limit` elements of an array of strings.
    List<String> texts(int limit) {
      var reader = new GgufReader(file, data);
      var texts = new ArrayList<String>(limit);
      for (int i = 0; i < limit; i++) {
        texts.add(reader.string("string"));
      }
      return texts;
    }

    @Override
    public String toString() {
      int shown = (int) Math.min(count, SHOWN);
      var parts = new ArrayList<String>();
      if (type == GgufType.STRING) {
        texts(shown).forEach(text -> parts.add(new Text(text).toString()));
      } else {
        for (int i = 0; i < shown; i++) {
          parts.add(element(i).toString());
        }
      }
      if (count > shown) {
        parts.add("…");
      }
      return count == 0
          ? "no " + type.plural()
          : count + " " + type.plural() + ": " + String.join(", ", parts);
    }
  }
}
