package org.glmspark.prompt;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Iterator;
import java.util.Locale;
import org.glmspark.format.Excerpt;

/// JSON in the exact characters of Python's `json.dumps(value, ensure_ascii=False)`, because that
/// is what the models saw.
final class PythonJson {
  /// Deeper than any schema; bounds the recursion here and in the parsers of what models write.
  static final int MAX_DEPTH = 64;

  private static final String INDENT = "    ";

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              // names from rows must not stay in memory nor fill a shared table
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private PythonJson() {}

  /// Reads a JSON object; of a key that comes twice the last value counts, as in Python.
  ///
  /// @throws IllegalArgumentException if the text is anything else, with a sentence
  static ObjectNode readObject(String json) {
    JsonNode node;
    try {
      node = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "'%s' is no JSON: %s".formatted(Excerpt.of(json), e.getOriginalMessage()), e);
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new IllegalArgumentException("'%s', expected a JSON object".formatted(Excerpt.of(json)));
  }

  /// All in one line: `{"a": [1, 2]}`.
  static String oneLine(JsonNode node) {
    return written(node, "");
  }

  /// As with `indent=4`: each element in a line of its own, four blanks a level.
  static String indented(JsonNode node) {
    return written(node, "\n");
  }

  private static String written(JsonNode node, String lineStart) {
    var out = new StringBuilder();
    write(node, lineStart, out);
    return out.toString();
  }

  /// @param lineStart a line break and the indentation of the line in which the value begins; empty
  ///   if all stands in one line
  private static void write(JsonNode node, String lineStart, StringBuilder out) {
    if (node.isObject()) {
      writeElements('{', '}', node, lineStart, out);
    } else if (node.isArray()) {
      writeElements('[', ']', node, lineStart, out);
    } else if (node.isTextual()) {
      writeString(node.textValue(), out);
    } else if (node.isNumber()) {
      out.append(number(node));
    } else {
      out.append(node.asText()); // true, false, null
    }
  }

  private static void writeElements(
      char open, char close, JsonNode container, String lineStart, StringBuilder out) {
    out.append(open);
    String elementStart = lineStart.isEmpty() ? "" : lineStart + INDENT;
    String separator = elementStart;
    Iterator<String> keys = container.fieldNames(); // none for an array
    for (JsonNode element : container) {
      out.append(separator);
      if (keys.hasNext()) {
        writeString(keys.next(), out);
        out.append(": ");
      }
      write(element, elementStart, out);
      separator = lineStart.isEmpty() ? ", " : "," + elementStart;
    }
    if (!container.isEmpty()) {
      out.append(lineStart);
    }
    out.append(close);
  }

  private static void writeString(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  /// A number as Python writes it: whole numbers with all digits, others by the fewest digits that
  /// give the same double, with an exponent below 1e-4 and from 1e16 on: `1.0`, `1e-05`, `1e+16`.
  static String number(JsonNode node) {
    if (node.isIntegralNumber()) {
      return node.bigIntegerValue().toString();
    }
    double value = node.doubleValue();
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    if (value == 0) {
      return 1 / value > 0 ? "0.0" : "-0.0";
    }
    BigDecimal shortest = shortest(value);
    String digits = shortest.unscaledValue().abs().toString();
    String sign = value < 0 ? "-" : "";
    int exponent = digits.length() - 1 - shortest.scale(); // of the first digit
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
      return String.format(Locale.ROOT, "%s%c%se%+03d", sign, digits.charAt(0), fraction, exponent);
    }
    String plain = shortest.toPlainString();
    return shortest.scale() > 0 ? plain : plain + ".0";
  }

  /// The decimal with the fewest digits that gives a double.
  private static BigDecimal shortest(double value) {
    var decimal = new BigDecimal(Double.toString(value));
    // Java writes two digits at least: 4.9E-324, where 5e-324 is the same double
    BigDecimal oneDigit = decimal.round(new MathContext(1, RoundingMode.HALF_EVEN));
    return (oneDigit.doubleValue() == value ? oneDigit : decimal).stripTrailingZeros();
  }
}
