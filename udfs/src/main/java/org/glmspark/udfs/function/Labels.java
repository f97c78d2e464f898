package org.glmspark.udfs.function;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Labels as calls give them, checked.
final class Labels {
  /// A name that is there twice and words after the end are slips, not meant.
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private Labels() {}

  /// A label and what it means.
  ///
  /// @param description empty if there is none
  record Described(String name, String description) implements Serializable {
    /// For the model: `refund: wants money back`.
    String line() {
      return description.isEmpty() ? name : name + ": " + description;
    }
  }

  /// Labels of an array.
  ///
  /// @param function for the message
  /// @param labels null if the array is
  static List<String> ofArray(
      String function, @Nullable List<@Nullable String> labels, int least, int most) {
    if (labels == null) {
      throw refusal("The labels of %s are NULL, expected an array.".formatted(function));
    }
    requireCount(function, labels.size(), least, most);
    List<String> names = new ArrayList<>();
    for (String label : labels) {
      if (label == null || label.isBlank()) {
        throw refusal(
            "A label of %s is %s, expected a text."
                .formatted(function, label == null ? "NULL" : "empty"));
      }
      names.add(label);
    }
    requireDistinct(function, names);
    return names;
  }

  /// Labels of a JSON array of names, or of an object of descriptions by name.
  static List<Described> ofJson(String function, String json) {
    JsonNode node = read(function, json);
    List<Described> labels = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(name -> labels.add(described(function, text(function, name), "")));
    } else if (node.isObject()) {
      for (Map.Entry<String, JsonNode> entry : node.properties()) {
        labels.add(described(function, entry.getKey(), text(function, entry.getValue())));
      }
    } else {
      throw refusal(
          "The labels of %s are %s, expected a JSON array of names or an object of descriptions by name."
              .formatted(function, node));
    }
    requireCount(function, labels.size(), 2, 500);
    requireDistinct(function, labels.stream().map(Described::name).toList());
    return labels;
  }

  private static String text(String function, JsonNode node) {
    if (!node.isTextual()) {
      throw refusal("The labels of %s have %s, expected a text.".formatted(function, node));
    }
    return node.textValue();
  }

  private static Described described(String function, String name, String description) {
    if (name.isBlank() || name.length() > 100) {
      throw refusal(
          "A label of %s has %d characters, expected 1 to 100: '%s'."
              .formatted(function, name.strip().length(), name));
    }
    if (description.length() > 1000) {
      throw refusal(
          "The description of label '%s' of %s has %d characters, expected at most 1000."
              .formatted(name, function, description.length()));
    }
    return new Described(name, description);
  }

  /// A constant of JSON.
  static JsonNode read(String function, String json) {
    if (json.isBlank()) {
      throw noJson(function, "it is empty");
    }
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw noJson(function, e.getOriginalMessage());
    }
  }

  private static RuntimeException noJson(String function, String why) {
    return AiCondition.JSON_PARSE_ERROR.refusal(
        "An argument of %s is no JSON: %s.".formatted(function, why));
  }

  private static void requireCount(String function, int count, int least, int most) {
    if (count < least || count > most) {
      throw refusal(
          "The number of labels of %s is %d, expected %d to %d."
              .formatted(function, count, least, most));
    }
  }

  private static void requireDistinct(String function, List<String> names) {
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw refusal("The label '%s' of %s is there twice.".formatted(name, function));
      }
    }
  }

  private static RuntimeException refusal(String sentence) {
    return AiCondition.INVALID_LABELS.refusal(sentence);
  }
}
