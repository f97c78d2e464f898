package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serial;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads one call in Python whose arguments are literals, and nothing else of the language: strings
/// (all escapes but `\N{...}`; raw and triple-quoted ones too), numbers but complex ones, `True`,
/// `False`, `None`, lists, tuples, dictionaries, and `**` before a dictionary.
///
/// A tuple becomes a JSON array. Keys of a dictionary become strings as in Python's `json.dumps`;
/// of a key that comes twice the last value counts.
///
/// Source: <https://docs.python.org/3/reference/lexical_analysis.html>, sections on literals.
final class PythonCallParser {
  /// Longer ones are no numbers that a model means. In JSON they have at most 1000 digits, which is
  /// what Jackson reads.
  private static final int MAX_NUMBER_LENGTH = 500;

  private static final String DIGITS = "[0-9](?:_?[0-9])*";
  private static final Pattern DECIMAL = Pattern.compile("[1-9](?:_?[0-9])*|0(?:_?0)*");
  private static final Pattern PREFIXED =
      Pattern.compile("0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+");
  private static final Pattern FLOAT =
      Pattern.compile("(?:D\\.(?:D)?|\\.D)(?:[eE][+-]?D)?|D[eE][+-]?D".replace("D", DIGITS));

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final String text;
  private int at;

  private PythonCallParser(String text) {
    this.text = text;
  }

  /// The call that a text consists of, white space around it aside, or null if it is none.
  static @Nullable PythonCall parse(String text) {
    try {
      var parser = new PythonCallParser(text);
      PythonCall call = parser.call();
      parser.skipWhiteSpace();
      return parser.at == text.length() ? call : null;
    } catch (NotLiteralException _) {
      return null;
    }
  }

  /// Whether the text can name an argument. Words that Python keeps for itself count, such as
  /// `from`: models use them as they find them in the tool's definition.
  static boolean isName(String text) {
    var parser = new PythonCallParser(text);
    parser.skipName();
    return parser.at == text.length() && !text.isEmpty();
  }

  /// Something else than what this class reads.
  private static final class NotLiteralException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    NotLiteralException() {
      super(null, null, false, false);
    }
  }

  private PythonCall call() throws NotLiteralException {
    String function = name();
    expect('(');
    List<JsonNode> positional = new ArrayList<>();
    ObjectNode named = NODES.objectNode();
    while (!accept(')')) {
      argument(positional, named);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return new PythonCall(function, List.copyOf(positional), named);
  }

  private void argument(List<JsonNode> positional, ObjectNode named) throws NotLiteralException {
    skipWhiteSpace();
    if (text.startsWith("**", at)) {
      at += 2;
      if (!(value(1) instanceof ObjectNode dictionary)) {
        throw new NotLiteralException();
      }
      for (Map.Entry<String, JsonNode> entry : dictionary.properties()) {
        putOnce(named, entry.getKey(), entry.getValue());
      }
      return;
    }
    int start = at;
    skipName();
    String name = text.substring(start, at);
    if (!name.isEmpty() && accept('=')) {
      putOnce(named, name, value(1));
    } else {
      at = start;
      if (!named.isEmpty()) {
        throw new NotLiteralException();
      }
      positional.add(value(1));
    }
  }

  private static void putOnce(ObjectNode named, String name, JsonNode value)
      throws NotLiteralException {
    if (named.has(name)) {
      throw new NotLiteralException();
    }
    named.set(name, value);
  }

  /// @param depth how many containers the value stands in, the call itself counted
  private JsonNode value(int depth) throws NotLiteralException {
    if (depth > PythonJson.MAX_DEPTH) {
      throw new NotLiteralException();
    }
    skipWhiteSpace();
    int c = peek();
    return switch (c) {
      case '[' -> list(depth);
      case '(' -> tuple(depth);
      case '{' -> dictionary(depth);
      case '\'', '"' -> NODES.textNode(string(false));
      case '+', '-', '.' -> number();
      default -> isDigit(c) ? number() : word();
    };
  }

  private ArrayNode list(int depth) throws NotLiteralException {
    ArrayNode list = NODES.arrayNode();
    at++;
    while (!accept(']')) {
      list.add(value(depth + 1));
      if (!accept(',')) {
        expect(']');
        break;
      }
    }
    return list;
  }

  /// A tuple, or a single value in parentheses, which is just that value.
  private JsonNode tuple(int depth) throws NotLiteralException {
    ArrayNode tuple = NODES.arrayNode();
    at++;
    while (!accept(')')) {
      tuple.add(value(depth + 1));
      if (!accept(',')) {
        expect(')');
        return tuple.size() == 1 ? tuple.get(0) : tuple;
      }
    }
    return tuple;
  }

  private ObjectNode dictionary(int depth) throws NotLiteralException {
    ObjectNode dictionary = NODES.objectNode();
    at++;
    while (!accept('}')) {
      String key = key(value(depth + 1));
      expect(':');
      dictionary.set(key, value(depth + 1));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    return dictionary;
  }

  private static String key(JsonNode node) throws NotLiteralException {
    if (node.isContainerNode()) {
      throw new NotLiteralException();
    }
    return node.isNumber() ? PythonJson.number(node) : node.asText();
  }

  /// A value that begins with a letter: a constant, or a string with a prefix.
  private JsonNode word() throws NotLiteralException {
    String word = name();
    if (peek() == '\'' || peek() == '"') {
      return switch (word) {
        case "u", "U" -> NODES.textNode(string(false));
        case "r", "R" -> NODES.textNode(string(true));
        default -> throw new NotLiteralException(); // bytes and formatted strings
      };
    }
    return switch (word) {
      case "True" -> NODES.booleanNode(true);
      case "False" -> NODES.booleanNode(false);
      case "None" -> NODES.nullNode();
      default -> throw new NotLiteralException();
    };
  }

  private JsonNode number() throws NotLiteralException {
    boolean negative = peek() == '-';
    if (negative || peek() == '+') {
      at++;
      skipWhiteSpace();
    }
    String number = numberText();
    if (DECIMAL.matcher(number).matches()) {
      return whole(number, 10, negative);
    }
    if (PREFIXED.matcher(number).matches()) {
      int radix =
          switch (number.charAt(1)) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            default -> 2;
          };
      return whole(number.substring(2), radix, negative);
    }
    if (!FLOAT.matcher(number).matches()) {
      throw new NotLiteralException();
    }
    double value = Double.parseDouble(number.replace("_", ""));
    if (Double.isInfinite(value)) { // JSON has no such number
      throw new NotLiteralException();
    }
    return NODES.numberNode(negative ? -value : value);
  }

  private static JsonNode whole(String digits, int radix, boolean negative) {
    var value = new BigInteger(digits.replace("_", ""), radix);
    return NODES.numberNode(negative ? value.negate() : value);
  }

  /// All that can belong to the number that begins here.
  private String numberText() throws NotLiteralException {
    int start = at;
    while (isNumberPart(peek())) {
      at++;
    }
    if (at - start > MAX_NUMBER_LENGTH) {
      throw new NotLiteralException();
    }
    return text.substring(start, at);
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private boolean isNumberPart(int c) {
    if (c == '+' || c == '-') { // only in an exponent; in 0xe-1 there is none, and no literal
      return at > 0 && (text.charAt(at - 1) == 'e' || text.charAt(at - 1) == 'E');
    }
    return c == '.' || c == '_' || (c < 128 && Character.isLetterOrDigit(c));
  }

  private String string(boolean raw) throws NotLiteralException {
    String quote = text.substring(at, at + 1);
    boolean triple = text.startsWith(quote.repeat(3), at);
    String end = triple ? quote.repeat(3) : quote;
    at += end.length();
    var out = new StringBuilder();
    while (!text.startsWith(end, at)) {
      int c = next();
      if (c == '\n' && !triple) {
        throw new NotLiteralException();
      }
      if (c != '\\') {
        out.append((char) c);
      } else if (raw) {
        out.append('\\').append((char) next());
      } else {
        escape(out);
      }
    }
    at += end.length();
    return out.toString();
  }

  /// What follows a backslash.
  private void escape(StringBuilder out) throws NotLiteralException {
    int c = next();
    switch (c) {
      case '\n' -> {} // the line goes on
      case '\\', '\'', '"' -> out.append((char) c);
      case 'a' -> out.append('\u0007');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'n' -> out.append('\n');
      case 'r' -> out.append('\r');
      case 't' -> out.append('\t');
      case 'v' -> out.append('\u000b');
      case 'x' -> out.append((char) hexadecimal(2));
      case 'u' -> out.append((char) hexadecimal(4));
      case 'U' -> {
        int codePoint = hexadecimal(8);
        if (!Character.isValidCodePoint(codePoint)) {
          throw new NotLiteralException();
        }
        out.appendCodePoint(codePoint);
      }
      case 'N' -> throw new NotLiteralException();
      default -> {
        if (c >= '0' && c <= '7') {
          at--;
          out.append((char) octal());
        } else {
          out.append('\\').append((char) c);
        }
      }
    }
  }

  private int hexadecimal(int digits) throws NotLiteralException {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int c = next();
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw new NotLiteralException();
      }
      value = (value << 4) | digit; // eight digits may make it negative: no code point
    }
    return value;
  }

  /// One to three digits.
  private int octal() {
    int value = 0;
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; i++) {
      value = 8 * value + peek() - '0';
      at++;
    }
    return value;
  }

  private String name() throws NotLiteralException {
    skipWhiteSpace();
    int start = at;
    skipName();
    if (at == start) {
      throw new NotLiteralException();
    }
    return text.substring(start, at);
  }

  /// Goes behind the name that begins here, if one does.
  private void skipName() {
    int start = at;
    while (at < text.length()) {
      int codePoint = text.codePointAt(at);
      boolean fits =
          codePoint == '_'
              || (at == start
                  ? Character.isUnicodeIdentifierStart(codePoint)
                  : Character.isUnicodeIdentifierPart(codePoint)
                      && !Character.isIdentifierIgnorable(codePoint));
      if (!fits) {
        return;
      }
      at += Character.charCount(codePoint);
    }
  }

  private void expect(char c) throws NotLiteralException {
    if (!accept(c)) {
      throw new NotLiteralException();
    }
  }

  /// Goes behind white space and then the character, if it is that.
  private boolean accept(char c) {
    skipWhiteSpace();
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private void skipWhiteSpace() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r' || peek() == '\f') {
      at++;
    }
  }

  private int next() throws NotLiteralException {
    int c = peek();
    if (c < 0) {
      throw new NotLiteralException();
    }
    at++;
    return c;
  }

  /// The next character, or -1 at the end.
  private int peek() {
    return at < text.length() ? text.charAt(at) : -1;
  }
}
