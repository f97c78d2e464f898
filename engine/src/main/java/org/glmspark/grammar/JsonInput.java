package org.glmspark.grammar;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.glmspark.format.Excerpt;

/// Reads the JSON that a caller gives: one value, no key twice, numbers as they are written, in
/// bounds that no sensible schema reaches.
final class JsonInput {
  static final int MAX_CHARACTERS = 1 << 20;
  private static final int MAX_DEPTH = 64;
  private static final int MAX_NUMBER_CHARACTERS = 100;

  private static final ObjectReader READER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_CHARACTERS)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build()
          .readerFor(JsonNode.class);

  private JsonInput() {}

  /// @param what it is, for messages
  /// @throws IllegalArgumentException if it is not one JSON value, or too large or deep
  static JsonNode read(String what, String json) {
    if (json.length() > MAX_CHARACTERS) {
      throw new IllegalArgumentException(
          "%s has %d characters, expected at most %d"
              .formatted(what, json.length(), MAX_CHARACTERS));
    }
    try {
      JsonNode node = READER.readTree(json);
      if (node.isMissingNode()) {
        throw new IllegalArgumentException("%s is empty, expected JSON".formatted(what));
      }
      return node;
    } catch (JsonProcessingException e) {
      String problem = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException("%s is no JSON: %s".formatted(what, problem), e);
    }
  }

  /// The beginning of a value, for messages.
  static String excerpt(JsonNode node) {
    return Excerpt.of(node.toString());
  }
}
