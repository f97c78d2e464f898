package org.glmspark.udfs.function;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.udfs.NearestName;
import org.jspecify.annotations.Nullable;

/// The `options` of functions of version 2: a map of constant texts.
final class FunctionOptions {
  private static final int LONGEST_INSTRUCTIONS = 20_000;

  private final String function;
  private final Map<String, String> values;

  private FunctionOptions(String function, Map<String, String> values) {
    this.function = function;
    this.values = values;
  }

  /// @param given null if there is no map
  /// @param known the names that the function takes
  static FunctionOptions of(
      String function, @Nullable Map<String, @Nullable String> given, List<String> known) {
    Map<String, String> values = new LinkedHashMap<>();
    if (given != null) {
      given.forEach((name, value) -> {
        if (!known.contains(name)) {
          @Nullable String nearest = NearestName.of(name, known);
          throw AiCondition.INVALID_OPTIONS.refusal(
              "%s has no option '%s'%s; expected %s."
                  .formatted(
                      function,
                      name,
                      nearest == null ? "" : ", did you mean '%s'?".formatted(nearest),
                      String.join(", ", known)));
        }
        if (value != null) {
          values.put(name, value);
        }
      });
    }
    var options = new FunctionOptions(function, values);
    String version = values.getOrDefault("version", "2.0");
    if (!version.equals("2.0")) {
      throw options.refusal("version", version, "'2.0'");
    }
    return options;
  }

  /// What else the model is to heed; empty for nothing.
  String instructions() {
    String instructions = values.getOrDefault("instructions", "").strip();
    if (instructions.length() > LONGEST_INSTRUCTIONS) {
      throw AiCondition.INVALID_OPTIONS.refusal(
          "The instructions of %s have %d characters, expected at most %d."
              .formatted(function, instructions.length(), LONGEST_INSTRUCTIONS));
    }
    return instructions;
  }

  /// An option that is `true` or, if it is not given, `false`.
  boolean truth(String name) {
    String value = values.getOrDefault(name, "false");
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refusal(name, value, "'true' or 'false'");
    };
  }

  private RuntimeException refusal(String name, String value, String expected) {
    return AiCondition.INVALID_OPTIONS.refusal(
        "Option %s of %s is '%s', expected %s.".formatted(name, function, value, expected));
  }
}
