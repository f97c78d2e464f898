package org.glmspark.format;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An object of a small JSON file of a model, read key by key. Whatever is missing, of another type
/// or out of range becomes a sentence that names file and key.
///
/// Keys that nobody asks for are ignored. A key whose value is `null` counts as absent.
public final class JsonObject {
  /// Such files have some kilobytes; the index of a large model has a few hundred.
  private static final int MAX_BYTES = 16 << 20;

  /// Fewer bytes for each brace, key and value are no settings of anyone, but for instance lists of
  /// empty objects, which would take forty times the memory of the text.
  private static final int LEAST_BYTES_OF_TOKEN = 12;

  private static final int SPARE_TOKENS = 10_000;

  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .reader();

  private final String file;
  private final String path;
  private final JsonNode node;

  private JsonObject(String file, String path, JsonNode node) {
    this.file = file;
    this.path = path;
    this.node = node;
  }

  /// Reads a file that holds one JSON object.
  ///
  /// @throws MalformedModelException if there is no such file, or it holds anything else: other
  ///   values, an encoding other than UTF-8, a key twice, more than 16 MiB, more than 64 levels,
  ///   more values than a file of its size has
  public static JsonObject read(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      MappedFile mapped = MappedFile.map(file, arena);
      long bytes = mapped.data().byteSize();
      if (bytes > MAX_BYTES) {
        throw new MalformedModelException(
            mapped.name(), "size", "%d bytes, expected at most %d".formatted(bytes, MAX_BYTES));
      }
      return parse(mapped.name(), mapped.data().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /// Reads the content of a file that is in memory already.
  ///
  /// @param file the file's name, for messages
  /// @throws MalformedModelException as [#read]
  public static JsonObject parse(String file, byte[] bytes) {
    JsonFactoryBuilder parsers =
        JsonText.parsers()
            .streamReadConstraints(
                JsonText.limits()
                    .maxTokenCount(SPARE_TOKENS + bytes.length / LEAST_BYTES_OF_TOKEN)
                    .build());
    JsonNode root = JsonText.read(file, "", bytes, parsers, READER::readTree);
    if (root == null || !root.isObject()) {
      throw new MalformedModelException(
          file,
          "root",
          "is %s, expected a JSON object".formatted(root == null ? "missing" : excerpt(root)));
    }
    return new JsonObject(file, "", root);
  }

  /// Whether the key is there and not null.
  public boolean has(String key) {
    return node.hasNonNull(key);
  }

  /// A whole number in a range, both ends included.
  public int integer(String key, int least, int most) {
    return integer(key, required(key), least, most);
  }

  /// A whole number or a list of them, each in a range, both ends included.
  public List<Integer> integers(String key, int least, int most) {
    JsonNode value = required(key);
    if (!value.isArray()) {
      return List.of(integer(key, value, least, most));
    }
    var numbers = new ArrayList<Integer>();
    for (JsonNode element : value) {
      numbers.add(integer(key, element, least, most));
    }
    return List.copyOf(numbers);
  }

  private int integer(String key, JsonNode value, int least, int most) {
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < least
        || value.intValue() > most) {
      throw unexpected(key, value, "a whole number from %d to %d".formatted(least, most));
    }
    return value.intValue();
  }

  /// A finite number above zero.
  public double positiveNumber(String key) {
    JsonNode value = required(key);
    double number = value.doubleValue();
    if (!value.isNumber() || !Double.isFinite(number) || number <= 0) {
      throw unexpected(key, value, "a number above 0");
    }
    return number;
  }

  /// Whether the key is there and `true`; it may be absent, but be nothing other than a boolean.
  public boolean isTrue(String key) {
    return has(key) && flag(key);
  }

  /// Whether the key is there and `false`; it may be absent, but be nothing other than a boolean.
  public boolean isFalse(String key) {
    return has(key) && !flag(key);
  }

  private boolean flag(String key) {
    JsonNode value = required(key);
    if (!value.isBoolean()) {
      throw unexpected(key, value, "true or false");
    }
    return value.booleanValue();
  }

  /// A string.
  public String text(String key) {
    JsonNode value = required(key);
    if (!value.isTextual()) {
      throw unexpected(key, value, "a string");
    }
    return value.textValue();
  }

  /// An object whose values are all strings, in the order of the file.
  public Map<String, String> texts(String key) {
    JsonObject members = object(key);
    var texts = new LinkedHashMap<String, String>();
    members.keys().forEach(name -> texts.put(name, members.text(name)));
    return texts;
  }

  /// All keys in the order of the file.
  public List<String> keys() {
    return node.properties().stream().map(Map.Entry::getKey).toList();
  }

  /// All keys in the order of the file, each with its value as JSON, cut to a short text.
  public Map<String, String> excerpts() {
    var excerpts = new LinkedHashMap<String, String>();
    node.properties().forEach(entry -> excerpts.put(entry.getKey(), excerpt(entry.getValue())));
    return excerpts;
  }

  /// An object. Messages about its keys begin with this key and a dot.
  public JsonObject object(String key) {
    JsonNode value = required(key);
    if (!value.isObject()) {
      throw unexpected(key, value, "an object");
    }
    return new JsonObject(file, path + key + ".", value);
  }

  /// A list of objects. Messages about their keys begin with this key and the object's number.
  public List<JsonObject> objects(String key) {
    JsonNode value = required(key);
    if (!value.isArray()) {
      throw unexpected(key, value, "a list of objects");
    }
    var objects = new ArrayList<JsonObject>();
    for (JsonNode element : value) {
      if (!element.isObject()) {
        throw unexpected(key, element, "a list of objects only");
      }
      objects.add(new JsonObject(file, path + key + "." + objects.size() + ".", element));
    }
    return objects;
  }

  /// The sentence that the value of a key is something else than was expected.
  ///
  /// @param expectation what follows "is ..., expected"
  public MalformedModelException unexpected(String key, String expectation) {
    return unexpected(key, required(key), expectation);
  }

  private MalformedModelException unexpected(String key, JsonNode value, String expectation) {
    return new MalformedModelException(
        file, place(key), "is %s, expected %s".formatted(excerpt(value), expectation));
  }

  private JsonNode required(String key) {
    JsonNode value = node.get(key);
    if (value == null) {
      throw new MalformedModelException(file, place(key), "is missing");
    }
    return value;
  }

  private String place(String key) {
    return "key '" + path + Excerpt.of(key) + "'";
  }

  /// The beginning of a value as JSON. Not more of the value is written than that.
  private static String excerpt(JsonNode value) {
    var json = new StringBuilder();
    write(value, json);
    return Excerpt.of(json.toString());
  }

  private static void write(JsonNode value, StringBuilder json) {
    switch (value.getNodeType()) {
      case OBJECT -> {
        String separator = "{";
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
          if (json.length() > Excerpt.LENGTH) {
            return;
          }
          json.append(separator).append(quoted(entry.getKey())).append(':');
          write(entry.getValue(), json);
          separator = ",";
        }
        json.append(value.isEmpty() ? "{}" : "}");
      }
      case ARRAY -> {
        String separator = "[";
        for (JsonNode element : value) {
          if (json.length() > Excerpt.LENGTH) {
            return;
          }
          json.append(separator);
          write(element, json);
          separator = ",";
        }
        json.append(value.isEmpty() ? "[]" : "]");
      }
      case STRING -> json.append(quoted(value.textValue()));
      case BINARY, BOOLEAN, MISSING, NULL, NUMBER, POJO -> json.append(value);
    }
  }

  private static String quoted(String text) {
    String beginning = text.substring(0, Math.min(text.length(), Excerpt.LENGTH + 1));
    return TextNode.valueOf(beginning).toString();
  }
}
