package org.glmspark.udfs.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.glmspark.format.Excerpt;
import org.jspecify.annotations.Nullable;

/// A value of a request, and where it stands.
///
/// @param place such as `messages[2].role`
record JsonValue(JsonNode node, String place) {
  private static final int MAX_DEPTH = 100;

  private static final ObjectReader READER =
      JsonMapper.builder(
              // names from rows must not stay in memory nor fill a shared table
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build()
          .readerFor(JsonNode.class);

  /// Reads a text, in which no object has a key twice.
  ///
  /// @throws InvalidRequestException if it is not one JSON value
  static JsonValue parse(String json, String place) throws InvalidRequestException {
    try {
      JsonNode node = READER.readTree(json);
      if (!node.isMissingNode()) {
        return new JsonValue(node, place);
      }
    } catch (JsonProcessingException e) {
      String problem = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
      throw new InvalidRequestException(
          new RequestError(
              place,
              RequestError.INVALID_TYPE,
              "%s is no JSON: %s: %s".formatted(place, Excerpt.quoted(json), problem)));
    }
    throw new InvalidRequestException(
        new RequestError(place, RequestError.INVALID_TYPE, place + " is empty, expected JSON"));
  }

  /// A key's value in this object, or null if it is absent or JSON's null.
  @Nullable JsonValue find(String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? null : new JsonValue(value, child(key));
  }

  /// A key's value in this object.
  JsonValue require(String key) throws InvalidRequestException {
    JsonValue value = find(key);
    if (value == null) {
      throw problem(child(key), RequestError.MISSING, " is missing");
    }
    return value;
  }

  private String child(String key) {
    return place.isEmpty() ? key : place + "." + key;
  }

  /// This object, if it has no other keys.
  JsonValue object(Set<String> known) throws InvalidRequestException {
    object();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (!known.contains(entry.getKey())) {
        throw problem(
            child(Excerpt.of(entry.getKey())),
            RequestError.UNKNOWN,
            " is unknown, expected no others than %s".formatted(known.stream().sorted().toList()));
      }
    }
    return this;
  }

  JsonValue object() throws InvalidRequestException {
    if (!node.isObject()) {
      throw wrongType("an object");
    }
    return this;
  }

  /// @param expected what the elements are
  List<JsonValue> elements(String expected) throws InvalidRequestException {
    if (!node.isArray()) {
      throw wrongType("a list of " + expected);
    }
    List<JsonValue> elements = new ArrayList<>();
    for (JsonNode element : node) {
      elements.add(new JsonValue(element, "%s[%d]".formatted(place, elements.size())));
    }
    return elements;
  }

  String text() throws InvalidRequestException {
    if (!node.isTextual()) {
      throw wrongType("a text");
    }
    return node.textValue();
  }

  List<String> texts() throws InvalidRequestException {
    List<String> texts = new ArrayList<>();
    for (JsonValue element : elements("texts")) {
      texts.add(element.text());
    }
    return texts;
  }

  boolean truth() throws InvalidRequestException {
    if (!node.isBoolean()) {
      throw wrongType("true or false");
    }
    return node.booleanValue();
  }

  int integer() throws InvalidRequestException {
    if (!node.isIntegralNumber()) {
      throw wrongType("a whole number");
    }
    if (!node.canConvertToInt()) {
      throw wrongValue("a number of 32 bits");
    }
    return node.intValue();
  }

  long whole() throws InvalidRequestException {
    if (!node.isIntegralNumber()) {
      throw wrongType("a whole number");
    }
    if (!node.canConvertToLong()) {
      throw wrongValue("a number of 64 bits");
    }
    return node.longValue();
  }

  double number() throws InvalidRequestException {
    if (!node.isNumber()) {
      throw wrongType("a number");
    }
    return node.doubleValue();
  }

  List<Integer> integers() throws InvalidRequestException {
    List<Integer> integers = new ArrayList<>();
    for (JsonValue element : elements("whole numbers")) {
      integers.add(element.integer());
    }
    return integers;
  }

  InvalidRequestException wrongType(String expected) {
    return refused(RequestError.INVALID_TYPE, expected);
  }

  InvalidRequestException wrongValue(String expected) {
    return refused(RequestError.INVALID_VALUE, expected);
  }

  InvalidRequestException unsupported(String expected) {
    return refused(RequestError.UNSUPPORTED, expected);
  }

  private InvalidRequestException refused(String code, String expected) {
    return problem(
        place, code, " is %s, expected %s".formatted(Excerpt.of(node.toString()), expected));
  }

  /// What somebody else says is wrong with this value.
  InvalidRequestException problem(String sentence) {
    return problem(place, RequestError.INVALID_VALUE, ": " + sentence);
  }

  private static InvalidRequestException problem(String place, String code, String sentence) {
    return new InvalidRequestException(new RequestError(place, code, place + sentence));
  }
}
