package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A small SentencePiece model, trained here on a few sentences, and its file.
public final class SamplePieces {
  private static final String TEXT =
      """
      the cat sat on the mat and the hat, then the rat ran to the other cat; that was all of it
      北京是中国的首都，北京的天气很好。我们在北京学习中文，中国的中文。
      aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbb abababababab      deep    blanks é è 🦙🦙
      [gMASK] <|user|> <0x0A> </s> sop eop [MASK]
      """;

  private SamplePieces() {}

  /// The tokenizer of a ChatGLM3 with these pieces.
  public static SentencePieceTokenizer tokenizer() {
    return SentencePieceTokenizer.parse(
        "tokenizer.model", file(pieces()), TokenizerFamily.CHATGLM3.specialTokens());
  }

  /// Control pieces, the bytes, what training gave, and the characters.
  static List<Piece> pieces() {
    var pieces = new ArrayList<Piece>();
    pieces.add(new Piece("<unk>", 0, Piece.Type.UNKNOWN));
    pieces.add(new Piece("<s>", 0, Piece.Type.CONTROL));
    pieces.add(new Piece("</s>", 0, Piece.Type.CONTROL));
    for (int b = 0; b < 256; b++) {
      pieces.add(new Piece("<0x%02X>".formatted(b), 0, Piece.Type.BYTE));
    }
    List<String> parts = characters("\u2581" + TEXT.replace('\n', ' ').replace(' ', '\u2581'));
    var texts = new ArrayList<String>();
    for (String pair = frequentPair(parts); pair != null; pair = frequentPair(parts)) {
      parts = joined(parts, pair);
      if (!texts.contains(pair)) {
        texts.add(pair);
      }
    }
    texts.addAll(new TreeSet<>(characters(TEXT.replace('\n', ' ').replace(' ', '\u2581'))));
    for (int i = 0; i < texts.size(); i++) {
      pieces.add(new Piece(texts.get(i), -i, Piece.Type.NORMAL));
    }
    return pieces;
  }

  private static List<String> characters(String text) {
    return text.codePoints().mapToObj(Character::toString).toList();
  }

  /// What is most often made of two parts, or null if nothing is twice. A blank begins a word.
  private static @Nullable String frequentPair(List<String> parts) {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i + 1 < parts.size(); i++) {
      if (!parts.get(i + 1).startsWith("\u2581") || parts.get(i).endsWith("\u2581")) {
        counts.merge(parts.get(i) + parts.get(i + 1), 1, Integer::sum);
      }
    }
    String best = null;
    int most = 1;
    for (Map.Entry<String, Integer> entry : counts.entrySet()) {
      if (entry.getValue() > most) {
        best = entry.getKey();
        most = entry.getValue();
      }
    }
    return best;
  }

  private static List<String> joined(List<String> parts, String pair) {
    var joined = new ArrayList<String>();
    for (int i = 0; i < parts.size(); i++) {
      if (i + 1 < parts.size() && pair.equals(parts.get(i) + parts.get(i + 1))) {
        joined.add(pair);
        i++;
      } else {
        joined.add(parts.get(i));
      }
    }
    return joined;
  }

  /// The file of these pieces, with the settings of ChatGLM.
  static byte[] file(List<Piece> pieces) {
    return file(pieces, trainer(2, 1), normalizer("identity", 1, 0, 1));
  }

  static byte[] file(List<Piece> pieces, byte[] trainer, byte[] normalizer) {
    var model = new ByteArrayOutputStream();
    for (Piece piece : pieces) {
      var fields = new ByteArrayOutputStream();
      fields.writeBytes(bytesField(1, piece.text().getBytes(UTF_8)));
      fields.writeBytes(floatField(2, piece.score()));
      if (piece.type() != Piece.Type.NORMAL) {
        fields.writeBytes(numberField(3, number(piece.type())));
      }
      model.writeBytes(bytesField(1, fields.toByteArray()));
    }
    model.writeBytes(bytesField(2, trainer));
    model.writeBytes(bytesField(3, normalizer));
    return model.toByteArray();
  }

  /// The number of a type in files.
  static int number(Piece.Type type) {
    return switch (type) {
      case NORMAL -> 1;
      case UNKNOWN -> 2;
      case CONTROL -> 3;
      case USER_DEFINED -> 4;
      case UNUSED -> 5;
      case BYTE -> 6;
    };
  }

  static byte[] trainer(int modelType, int byteFallback) {
    return concatenated(
        bytesField(1, "input.txt".getBytes(UTF_8)),
        numberField(3, modelType),
        floatField(10, 0.9995f),
        numberField(35, byteFallback));
  }

  static byte[] normalizer(String name, int dummyPrefix, int removeBlanks, int escapeBlanks) {
    return concatenated(
        bytesField(1, name.getBytes(UTF_8)),
        bytesField(2, new byte[0]),
        numberField(3, dummyPrefix),
        numberField(4, removeBlanks),
        numberField(5, escapeBlanks));
  }

  static byte[] bytesField(int field, byte[] value) {
    return concatenated(varint(field << 3 | 2), varint(value.length), value);
  }

  static byte[] numberField(int field, long value) {
    return concatenated(varint(field << 3), varint(value));
  }

  static byte[] floatField(int field, float value) {
    byte[] bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array();
    return concatenated(varint(field << 3 | 5), bytes);
  }

  static byte[] varint(long value) {
    var bytes = new ByteArrayOutputStream();
    long rest = value;
    while (rest >>> 7 != 0) {
      bytes.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    bytes.write((int) rest);
    return bytes.toByteArray();
  }

  static byte[] concatenated(byte[]... parts) {
    var bytes = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      bytes.writeBytes(part);
    }
    return bytes.toByteArray();
  }

  /// Text as SentencePiece reads it, part by part: a search of all pairs for every join. It stays
  /// slow: it is what we trust.
  static int[] encodeSlowly(List<Piece> pieces, String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < pieces.size(); id++) {
      if (pieces.get(id).type() == Piece.Type.NORMAL) {
        ids.put(pieces.get(id).text(), id);
      }
    }
    List<String> parts =
        characters(("\u2581" + text).replace(' ', '\u2581')).stream()
            .collect(Collectors.toCollection(ArrayList::new));
    while (true) {
      int best = -1;
      float bestScore = Float.NEGATIVE_INFINITY;
      for (int i = 0; i + 1 < parts.size(); i++) {
        Integer id = ids.get(parts.get(i) + parts.get(i + 1));
        if (id != null && pieces.get(id).score() > bestScore) {
          best = i;
          bestScore = pieces.get(id).score();
        }
      }
      if (best < 0) {
        break;
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
    var tokens = new ArrayList<Integer>();
    for (String part : parts) {
      Integer id = ids.get(part);
      if (id != null) {
        tokens.add(id);
      } else {
        for (byte b : part.getBytes(UTF_8)) {
          tokens.add(3 + (b & 0xFF));
        }
      }
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }
}
