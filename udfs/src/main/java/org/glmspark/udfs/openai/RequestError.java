package org.glmspark.udfs.openai;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What is wrong with a request, as OpenAI's error objects say it.
///
/// @param param the place in the request's body, such as `messages[2].role`; null if there is none
/// @param code a word for programs, such as `invalid_type`
/// @param message a sentence, which begins with the place
public record RequestError(@Nullable String param, String code, String message) {
  static final String INVALID_TYPE = "invalid_type";
  static final String INVALID_VALUE = "invalid_value";
  static final String MISSING = "missing_required_parameter";
  static final String UNKNOWN = "unknown_parameter";

  /// OpenAI has such a parameter, or such a value of it, and this program has not.
  static final String UNSUPPORTED = "unsupported_value";

  private static final Pattern PLACE =
      Pattern.compile(
          "([a-z_]+(?:\\[\\d+]|\\.[a-z_]+)*)(?: is | has | of | demands |: ).*", Pattern.DOTALL);

  /// An error that a sentence tells which begins with the name of a parameter.
  static RequestError of(String code, String sentence) {
    Matcher place = PLACE.matcher(sentence);
    return new RequestError(place.matches() ? place.group(1) : null, code, sentence);
  }
}
