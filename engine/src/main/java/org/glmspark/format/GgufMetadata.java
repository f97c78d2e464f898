package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The metadata of a GGUF file, read key by key. Whatever is missing, of another type or out of
/// range becomes a sentence that names file and key.
///
/// A whole number may have any of the format's integer types: writers differ. Arrays stay in the
/// file, and are read from it at each call; they live as long as the arena of the file.
public final class GgufMetadata {
  /// Real files have some dozens.
  private static final int MAX_KEYS = 10_000;

  private static final int MAX_KEY_BYTES = 65_535; // the format's own limit
  private static final int LEAST_KEY_BYTES = Long.BYTES + 1 + Integer.BYTES + 1;

  private final String file;
  private final MemorySegment source;
  private final Map<String, GgufValue> values;

  private GgufMetadata(String file, MemorySegment source, Map<String, GgufValue> values) {
    this.file = file;
    this.source = source;
    this.values = values;
  }

  /// The number of keys, the last of the counts that stand before the keys.
  static int count(GgufReader reader) {
    return (int) reader.count("keys", LEAST_KEY_BYTES, MAX_KEYS);
  }

  static GgufMetadata read(GgufReader reader, int count) {
    var values = new LinkedHashMap<String, GgufValue>();
    for (int i = 0; i < count; i++) {
      reader.enter("key", i + 1, count);
      String key = reader.string("name", MAX_KEY_BYTES);
      if (!Names.isPrintable(key)) {
        throw reader.malformed("the name is empty or holds control characters");
      }
      reader.named(key);
      if (values.containsKey(key)) {
        throw reader.malformed("stands in the file twice, expected once");
      }
      values.put(key, value(reader));
    }
    return new GgufMetadata(reader.file(), reader.done(), values);
  }

  private static GgufValue value(GgufReader reader) {
    GgufType type = type(reader);
    return switch (type) {
      case STRING -> new GgufValue.Text(reader.string("value"));
      case ARRAY -> array(reader);
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, UINT64, INT64, FLOAT64 ->
          fixedSize(reader, type, 1).element(0);
    };
  }

  private static GgufValue.Elements array(GgufReader reader) {
    GgufType type = type(reader);
    if (type == GgufType.ARRAY) {
      throw reader.malformed("is an array of arrays, expected one of numbers or strings");
    }
    long count = reader.count(type.plural(), type.leastBytes(), Long.MAX_VALUE);
    return type == GgufType.STRING
        ? new GgufValue.Elements(reader.file(), type, count, reader.strings(count))
        : fixedSize(reader, type, count);
  }

  private static GgufValue.Elements fixedSize(GgufReader reader, GgufType type, long count) {
    var elements = new GgufValue.Elements(reader.file(), type, count, reader.values(type, count));
    if (type == GgufType.BOOL) {
      for (long i = 0; i < count; i++) {
        byte value = elements.data().get(ValueLayout.JAVA_BYTE, i);
        if (value != 0 && value != 1) {
          throw reader.malformed("holds the boolean %d, expected 0 or 1".formatted(value & 0xff));
        }
      }
    }
    return elements;
  }

  private static GgufType type(GgufReader reader) {
    long number = reader.uint32("the type of the value");
    GgufType type = GgufType.numbered(number);
    if (type == null) {
      throw reader.malformed(
          "has a value of type %d, expected a type from 0 to %d"
              .formatted(number, GgufType.values().length - 1));
    }
    return type;
  }

  /// The file from its first byte to the end of the metadata, which [GgufFile#metadata] reads.
  public MemorySegment source() {
    return source;
  }

  /// Whether the key is there.
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /// A string.
  public String text(String key) {
    if (required(key) instanceof GgufValue.Text(String text)) {
      return text;
    }
    throw unexpected(key, "a string");
  }

  /// A whole number in a range, both ends included.
  public int integer(String key, int least, int most) {
    if (required(key) instanceof GgufValue.Whole number && number.isWithin(least, most)) {
      return (int) number.value();
    }
    throw unexpected(key, "a whole number from %d to %d".formatted(least, most));
  }

  /// A finite number above zero.
  public double positiveNumber(String key) {
    double number =
        switch (required(key)) {
          case GgufValue.Whole whole when whole.isWithin(1, Long.MAX_VALUE) -> whole.value();
          case GgufValue.Real(double real, _) -> real;
          case GgufValue.Whole _, GgufValue.Flag _, GgufValue.Text _, GgufValue.Elements _ -> 0;
        };
    if (!Double.isFinite(number) || number <= 0) {
      throw unexpected(key, "a number above 0");
    }
    return number;
  }

  /// A boolean.
  public boolean flag(String key) {
    if (required(key) instanceof GgufValue.Flag(boolean flag)) {
      return flag;
    }
    throw unexpected(key, "true or false");
  }

  /// An array of strings. Each call reads all of them anew.
  public List<String> texts(String key) {
    if (required(key) instanceof GgufValue.Elements array && array.type() == GgufType.STRING) {
      return Collections.unmodifiableList(array.texts(size(key, array)));
    }
    throw unexpected(key, "an array of strings");
  }

  /// An array of whole numbers, each in a range, both ends included.
  public int[] integers(String key, int least, int most) {
    if (!(required(key) instanceof GgufValue.Elements array) || !array.type().isWhole()) {
      throw unexpected(key, "an array of whole numbers");
    }
    int[] numbers = new int[size(key, array)];
    for (int i = 0; i < numbers.length; i++) {
      if (!(array.element(i) instanceof GgufValue.Whole number) || !number.isWithin(least, most)) {
        throw new MalformedModelException(
            file,
            place(key),
            "element %d is %s, expected a whole number from %d to %d"
                .formatted(i, array.element(i), least, most));
      }
      numbers[i] = (int) number.value();
    }
    return numbers;
  }

  /// An array of finite floating-point numbers.
  public float[] numbers(String key) {
    if (!(required(key) instanceof GgufValue.Elements array) || !array.type().isReal()) {
      throw unexpected(key, "an array of floating-point numbers");
    }
    float[] numbers = new float[size(key, array)];
    for (int i = 0; i < numbers.length; i++) {
      if (!(array.element(i) instanceof GgufValue.Real number)
          || !Float.isFinite((float) number.value())) {
        throw new MalformedModelException(
            file,
            place(key),
            "element %d is %s, expected a finite float32".formatted(i, array.element(i)));
      }
      numbers[i] = (float) number.value();
    }
    return numbers;
  }

  /// All keys in the order of the file, each with its value as a short text: strings are quoted and
  /// cut, of arrays there are the size and the first elements.
  public Map<String, String> excerpts() {
    return values.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                entry -> entry.getValue().toString(),
                (first, _) -> first,
                LinkedHashMap::new));
  }

  /// The sentence that the value of a key is something else than was expected.
  ///
  /// @param expectation what follows "is ..., expected"
  public MalformedModelException unexpected(String key, String expectation) {
    return new MalformedModelException(
        file, place(key), "is %s, expected %s".formatted(required(key), expectation));
  }

  private int size(String key, GgufValue.Elements array) {
    if (array.count() > Integer.MAX_VALUE - 8) {
      throw unexpected(key, "fewer than 2^31 elements");
    }
    return (int) array.count();
  }

  private GgufValue required(String key) {
    GgufValue value = values.get(key);
    if (value == null) {
      throw new MalformedModelException(file, place(key), "is missing");
    }
    return value;
  }

  private static String place(String key) {
    return "key " + Excerpt.quoted(key);
  }
}
