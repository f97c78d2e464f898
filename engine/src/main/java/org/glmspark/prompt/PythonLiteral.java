package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Locale;

/// Values as Python's `repr` writes them: `{'city': '北京', 'days': [1, 2], 'exact': True}`.
final class PythonLiteral {
  private PythonLiteral() {}

  static String of(JsonNode node) {
    var out = new StringBuilder();
    write(node, out);
    return out.toString();
  }

  private static void write(JsonNode node, StringBuilder out) {
    switch (node.getNodeType()) {
      case OBJECT -> writeElements('{', '}', node, out);
      case ARRAY -> writeElements('[', ']', node, out);
      case STRING -> writeString(node.textValue(), out);
      case BOOLEAN -> out.append(node.booleanValue() ? "True" : "False");
      case NUMBER -> out.append(PythonJson.number(node));
      case NULL -> out.append("None");
      case BINARY, MISSING, POJO -> // not in what was read from JSON
          throw new IllegalArgumentException("a value of type " + node.getNodeType());
    }
  }

  private static void writeElements(char open, char close, JsonNode container, StringBuilder out) {
    out.append(open);
    String separator = "";
    Iterator<String> keys = container.fieldNames(); // none for an array
    for (JsonNode element : container) {
      out.append(separator);
      if (keys.hasNext()) {
        writeString(keys.next(), out);
        out.append(": ");
      }
      write(element, out);
      separator = ", ";
    }
    out.append(close);
  }

  private static void writeString(String text, StringBuilder out) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    text.codePoints().forEach(codePoint -> writeCharacter(codePoint, quote, out));
    out.append(quote);
  }

  private static void writeCharacter(int codePoint, char quote, StringBuilder out) {
    switch (codePoint) {
      case '\\' -> out.append("\\\\");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (codePoint == quote) {
          out.append('\\').append(quote);
        } else if (isPrintable(codePoint)) {
          out.appendCodePoint(codePoint);
        } else {
          String format =
              codePoint <= 0xFF ? "\\x%02x" : codePoint <= 0xFFFF ? "\\u%04x" : "\\U%08x";
          out.append(String.format(Locale.ROOT, format, codePoint));
        }
      }
    }
  }

  /// As Python's `str.isprintable`: no control, format, private, unassigned character or unpaired
  /// surrogate, and no white space but the blank.
  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> codePoint == ' ';
      default -> true;
    };
  }
}
