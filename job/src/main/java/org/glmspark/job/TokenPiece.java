package org.glmspark.job;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.glmspark.tokenizer.Vocabulary;

/// A token for people: its text with control characters escaped, or its bytes where they are no
/// whole characters.
final class TokenPiece {
  private TokenPiece() {}

  static String text(Vocabulary vocabulary, int id) {
    byte[] bytes = vocabulary.bytes(id);
    if (bytes.length == 0) {
      return vocabulary.specialTokens().entrySet().stream()
          .filter(token -> token.getValue() == id)
          .map(Map.Entry::getKey)
          .findAny()
          .orElse("(no token)");
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return escaped(text);
    } catch (CharacterCodingException e) { // a part of a character
      return "\\x" + HexFormat.ofDelimiter("\\x").formatHex(bytes);
    }
  }

  private static String escaped(String text) {
    var escaped = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '\n' -> escaped.append("\\n");
            case '\r' -> escaped.append("\\r");
            case '\t' -> escaped.append("\\t");
            case '\\' -> escaped.append("\\\\");
            default -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                escaped.append("\\u{%x}".formatted(c));
              } else {
                escaped.appendCodePoint(c);
              }
            }
          }
        });
    return escaped.toString();
  }
}
