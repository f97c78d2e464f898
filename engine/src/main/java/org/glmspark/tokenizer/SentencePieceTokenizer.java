package org.glmspark.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.Excerpt;
import org.glmspark.format.MalformedModelException;

/// Byte-pair encoding as ChatGLM2 and ChatGLM3 use it: a blank is put before the text, then its
/// characters are joined pair by pair; a character that is no piece becomes its bytes.
///
/// A blank and the character `▁`, which stands for it in the vocabulary, are one and the same: both
/// decode to a blank. All other text decodes to itself, apart from unpaired surrogates. Time is
/// proportional to the length of the text.
///
/// Source: SentencePiece, Kudo and Richardson 2018, <https://arxiv.org/abs/1808.06226>, with
/// `model_type` BPE and the normaliser `identity`.
public final class SentencePieceTokenizer implements Tokenizer {
  private static final char ESCAPED_BLANK = '\u2581';
  private static final int SINGLE_BYTES = 256;
  private static final byte[] NO_BYTES = {};

  private final BytePairEncoding encoding;
  private final Vocabulary vocabulary;

  private SentencePieceTokenizer(BytePairEncoding encoding, Vocabulary vocabulary) {
    this.encoding = encoding;
    this.vocabulary = vocabulary;
  }

  /// Reads a `tokenizer.model`.
  ///
  /// @param specialTokens those that follow the last piece; see [TokenizerFamily#specialTokens()]
  /// @throws MalformedModelException if the file is missing, malformed, or is to be encoded in
  ///   another way
  /// @throws IOException if the file cannot be read
  public static SentencePieceTokenizer load(Path file, List<String> specialTokens)
      throws IOException {
    return parse(WholeFile.read(file), specialTokens);
  }

  /// Reads the content of a `tokenizer.model`.
  ///
  /// @param file the file's name, for messages
  /// @throws MalformedModelException as [#load]
  public static SentencePieceTokenizer parse(
      String file, byte[] bytes, List<String> specialTokens) {
    return parse(new WholeFile(file, bytes), specialTokens);
  }

  static SentencePieceTokenizer parse(WholeFile file, List<String> specialTokens) {
    List<Piece> pieces = SentencePieceFile.parse(file);
    var special = new LinkedHashMap<String, Integer>();
    for (String text : specialTokens) {
      special.put(text, pieces.size() + special.size());
    }
    return of(file.name(), pieces, special);
  }

  /// @param pieces by their ids; UNUSED ones are padding of the embedding, others are special
  ///   unless they are NORMAL or BYTE
  /// @param specialTokens beside those of the pieces
  static SentencePieceTokenizer of(
      String file, List<Piece> pieces, Map<String, Integer> specialTokens) {
    return new Construction(file, pieces, specialTokens).tokenizer();
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public int[] encode(String text) {
    var tokens = new TokenBuffer();
    if (!text.isEmpty()) {
      byte[] utf8 = Utf8.of((' ' + text).replace(ESCAPED_BLANK, ' '));
      encoding.encoder(utf8.length).encode(utf8, 0, utf8.length, tokens);
    }
    return tokens.toArray();
  }

  /// As the interface says; the first token loses one leading blank, unless it stands for a byte.
  /// Each byte that is no part of a character becomes one U+FFFD.
  @Override
  public String decode(int... tokens) {
    var decoder = new StreamingDecoder(this);
    var text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.next(token));
    }
    return text.append(decoder.finish()).toString();
  }

  /// Checks the pieces and brings them into order.
  private static final class Construction {
    private final String file;
    private final List<Piece> pieces;
    private final Map<String, Integer> specialTokens = new LinkedHashMap<>();
    private final TokenTable table;
    private final byte[][] bytes;
    private final int[] singleBytes = new int[SINGLE_BYTES];

    Construction(String file, List<Piece> pieces, Map<String, Integer> specialTokens) {
      this.file = file;
      this.pieces = pieces;
      table = new TokenTable(pieces.size());
      bytes = new byte[pieces.size()][];
      Arrays.fill(bytes, NO_BYTES);
      Arrays.fill(singleBytes, TokenTable.NONE);
      for (int id = 0; id < pieces.size(); id++) {
        enter(id, pieces.get(id));
      }
      specialTokens.forEach(this::enterSpecial);
    }

    SentencePieceTokenizer tokenizer() {
      requireSingleBytes();
      int[] order = order();
      for (int id : order) {
        requireCharacters(id);
      }
      BytePairEncoding encoding =
          BytePairEncoding.of(
              file, table, order, BytePairEncoding.Unit.CHARACTER, new ByteFallback(singleBytes));
      var blankLed = new BitSet();
      for (int id : order) {
        blankLed.set(id, bytes[id][0] == ' ');
      }
      var decodingRule = new DecodingRule(blankLed, DecodingRule.IllFormed.BYTE);
      return new SentencePieceTokenizer(
          encoding, new Vocabulary(bytes, specialTokens, decodingRule));
    }

    private void enter(int id, Piece piece) {
      switch (piece.type()) {
        case NORMAL -> enterText(id, piece);
        case BYTE -> enterByte(id, piece.text());
        case UNKNOWN, CONTROL -> enterSpecial(piece.text(), id);
        case UNUSED -> {} // padding: no text encodes to it, it decodes to nothing
        case USER_DEFINED ->
            throw malformed(
                id,
                "is %s, a user-defined piece, expected none of these"
                    .formatted(Excerpt.quoted(piece.text())));
      }
    }

    private void enterText(int id, Piece piece) {
      if (piece.text().isEmpty() || piece.text().indexOf(' ') >= 0) {
        throw malformed(
            id,
            "is %s, expected a text with \u2581 for a blank"
                .formatted(Excerpt.quoted(piece.text())));
      }
      if (!Float.isFinite(piece.score())) {
        throw malformed(id, "has the score %s, expected a number".formatted(piece.score()));
      }
      bytes[id] = Utf8.of(piece.text().replace(ESCAPED_BLANK, ' '));
      requireFirst(id, table.put(id, bytes[id]));
    }

    private void enterByte(int id, String text) {
      if (!text.matches("<0x[0-9A-F]{2}>")) {
        throw malformed(id, "is %s, expected a byte like <0x0A>".formatted(Excerpt.quoted(text)));
      }
      int value = Integer.parseInt(text, 3, 5, 16);
      if (singleBytes[value] == TokenTable.NONE) {
        singleBytes[value] = id;
      }
      requireFirst(id, singleBytes[value]);
      bytes[id] = new byte[] {(byte) value};
    }

    private void enterSpecial(String text, int id) {
      Integer earlier = specialTokens.putIfAbsent(text, id);
      requireFirst(id, earlier == null ? id : earlier);
    }

    private void requireFirst(int id, int first) {
      if (first != id) {
        throw malformed(
            id,
            "is %s again, piece %d is; expected another"
                .formatted(Excerpt.quoted(pieces.get(first).text()), first));
      }
    }

    private void requireSingleBytes() {
      for (int value = 0; value < SINGLE_BYTES; value++) {
        if (singleBytes[value] == TokenTable.NONE) {
          throw new MalformedModelException(
              file,
              "%d pieces".formatted(pieces.size()),
              "none is the byte <0x%02X>, expected all 256 bytes".formatted(value));
        }
      }
    }

    /// Text pieces by falling score. Where pairs are joined no two may have the same: which one
    /// SentencePiece would join then is not in the file.
    private int[] order() {
      int[] order = byFallingScore();
      int last = TokenTable.NONE;
      for (int id : order) {
        if (!isCharacter(id)) {
          if (last != TokenTable.NONE && score(last) == score(id)) {
            throw malformed(
                id, "has the score %s like piece %d, expected another".formatted(score(id), last));
          }
          last = id;
        }
      }
      return order;
    }

    /// Equal scores by rising id.
    private int[] byFallingScore() {
      long[] keys = new long[pieces.size()];
      int count = 0;
      for (int id = 0; id < keys.length; id++) {
        if (pieces.get(id).type() == Piece.Type.NORMAL) {
          keys[count++] = ((long) ~rising(score(id)) << Integer.SIZE) | id;
        }
      }
      Arrays.sort(keys, 0, count);
      int[] order = new int[count];
      for (int i = 0; i < count; i++) {
        order[i] = (int) keys[i];
      }
      return order;
    }

    /// A number that orders as the finite value does.
    private static int rising(float value) {
      int bits = Float.floatToIntBits(value);
      return bits >= 0 ? bits : ~bits ^ Integer.MIN_VALUE;
    }

    private float score(int id) {
      return pieces.get(id).score() + 0f; // -0 becomes 0
    }

    private boolean isCharacter(int id) {
      return Utf8.width(bytes[id], 0) == bytes[id].length;
    }

    private void requireCharacters(int id) {
      byte[] text = bytes[id];
      int end;
      for (int start = 0; start < text.length; start = end) {
        end = start + Utf8.width(text, start);
        if (table.find(text, start, end) == TokenTable.NONE) {
          throw malformed(
              id,
              "is %s, expected each of its characters to be a piece"
                  .formatted(Excerpt.quoted(pieces.get(id).text())));
        }
      }
    }

    private MalformedModelException malformed(int id, String problem) {
      return new MalformedModelException(file, "piece " + id, problem);
    }
  }
}
