package org.glmspark.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.format.Excerpt;
import org.glmspark.format.MalformedModelException;

/// Reads the `tokenizer.model` of ChatGLM2 and ChatGLM3, a SentencePiece model, and refuses what
/// [SentencePieceTokenizer] would encode otherwise than SentencePiece.
///
/// Source: `sentencepiece_model.proto` of <https://github.com/google/sentencepiece>.
final class SentencePieceFile {
  private static final int MODEL_PIECES = 1;
  private static final int MODEL_TRAINER = 2;
  private static final int MODEL_NORMALIZER = 3;
  private static final int MODEL_DENORMALIZER = 5;

  private static final int PIECE_TEXT = 1;
  private static final int PIECE_SCORE = 2;
  private static final int PIECE_TYPE = 3;

  private static final int TRAINER_MODEL_TYPE = 3;
  private static final int TRAINER_WHITESPACE_AS_SUFFIX = 24;
  private static final int TRAINER_BYTE_FALLBACK = 35;
  private static final long BPE = 2;

  private static final int NORMALIZER_NAME = 1;
  private static final int NORMALIZER_CHARACTER_MAP = 2;
  private static final int NORMALIZER_DUMMY_PREFIX = 3;
  private static final int NORMALIZER_REMOVE_BLANKS = 4;
  private static final int NORMALIZER_ESCAPE_BLANKS = 5;
  private static final String IDENTITY = "identity";

  private final WholeFile file;
  private final List<Piece> pieces = new ArrayList<>();
  private boolean trainerSeen;
  private boolean normalizerSeen;

  private SentencePieceFile(WholeFile file) {
    this.file = file;
  }

  /// The pieces of a file, by their ids.
  ///
  /// @throws MalformedModelException naming the place, what was found and what was expected
  static List<Piece> parse(WholeFile file) {
    var model = new SentencePieceFile(file);
    model.read(new ProtobufReader(file));
    return model.pieces;
  }

  /// Whether a file begins as these do: with a piece, that has a text and a score. A rank file,
  /// which is text, may begin with the same byte, a line feed, but has no such control characters.
  static boolean isOne(byte[] bytes) {
    if (bytes.length == 0 || bytes[0] != '\n') {
      return false;
    }
    for (int i = 1; i < Math.min(64, bytes.length); i++) {
      if (bytes[i] >= 0 && bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r') {
        return true;
      }
    }
    return false;
  }

  private void read(ProtobufReader model) {
    while (model.next()) {
      switch (model.field()) {
        case MODEL_PIECES -> {
          pieces.add(piece(model.message()));
          TokenTable.requireCount(file.name(), pieces.size());
        }
        case MODEL_TRAINER -> {
          requireFirst(model, trainerSeen);
          trainerSeen = true;
          checkTrainer(model.message());
        }
        case MODEL_NORMALIZER -> {
          requireFirst(model, normalizerSeen);
          normalizerSeen = true;
          checkNormalizer(model.message());
        }
        case MODEL_DENORMALIZER -> checkDenormalizer(model.message());
        default -> model.skip();
      }
    }
    if (!trainerSeen || !normalizerSeen) {
      throw malformed(
          "end",
          "%d pieces and no %s, expected one"
              .formatted(pieces.size(), trainerSeen ? "normalizer_spec" : "trainer_spec"));
    }
  }

  private static void requireFirst(ProtobufReader model, boolean seen) {
    if (seen) {
      throw model.malformed("field %d again, expected it once".formatted(model.field()));
    }
  }

  private Piece piece(ProtobufReader piece) {
    String text = "";
    float score = 0;
    Piece.Type type = Piece.Type.NORMAL;
    while (piece.next()) {
      switch (piece.field()) {
        case PIECE_TEXT -> text = piece.text();
        case PIECE_SCORE -> score = piece.float32();
        case PIECE_TYPE -> type = type(piece);
        default -> piece.skip();
      }
    }
    if (text.isEmpty()) {
      throw malformed("piece " + pieces.size(), "has no text, expected one");
    }
    return new Piece(text, score, type);
  }

  private static Piece.Type type(ProtobufReader piece) {
    long number = piece.number();
    Piece.Type type = Piece.Type.of(number);
    if (type == null) {
      throw piece.malformed("piece type %d, expected 1 to 6".formatted(number));
    }
    return type;
  }

  private void checkTrainer(ProtobufReader trainer) {
    long modelType = 1; // what the format says for a missing field: unigram
    boolean byteFallback = false;
    boolean suffix = false;
    while (trainer.next()) {
      switch (trainer.field()) {
        case TRAINER_MODEL_TYPE -> modelType = trainer.number();
        case TRAINER_BYTE_FALLBACK -> byteFallback = trainer.flag();
        case TRAINER_WHITESPACE_AS_SUFFIX -> suffix = trainer.flag();
        default -> trainer.skip();
      }
    }
    if (modelType != BPE) {
      throw malformed(
          "trainer_spec.model_type", "is %d, expected 2, byte-pair encoding".formatted(modelType));
    }
    require("trainer_spec.byte_fallback", byteFallback, true);
    require("trainer_spec.treat_whitespace_as_suffix", suffix, false);
  }

  private void checkNormalizer(ProtobufReader normalizer) {
    String name = "";
    int characterMap = 0;
    boolean dummyPrefix = true; // these three are true where they are missing
    boolean removeBlanks = true;
    boolean escapeBlanks = true;
    while (normalizer.next()) {
      switch (normalizer.field()) {
        case NORMALIZER_NAME -> name = normalizer.text();
        case NORMALIZER_CHARACTER_MAP -> characterMap = normalizer.length();
        case NORMALIZER_DUMMY_PREFIX -> dummyPrefix = normalizer.flag();
        case NORMALIZER_REMOVE_BLANKS -> removeBlanks = normalizer.flag();
        case NORMALIZER_ESCAPE_BLANKS -> escapeBlanks = normalizer.flag();
        default -> normalizer.skip();
      }
    }
    if (!name.equals(IDENTITY)) {
      throw malformed(
          "normalizer_spec.name", "is %s, expected 'identity'".formatted(Excerpt.quoted(name)));
    }
    requireNoMap("normalizer_spec", characterMap);
    require("normalizer_spec.add_dummy_prefix", dummyPrefix, true);
    require("normalizer_spec.remove_extra_whitespaces", removeBlanks, false);
    require("normalizer_spec.escape_whitespaces", escapeBlanks, true);
  }

  private void checkDenormalizer(ProtobufReader denormalizer) {
    while (denormalizer.next()) {
      if (denormalizer.field() == NORMALIZER_CHARACTER_MAP) {
        requireNoMap("denormalizer_spec", denormalizer.length());
      } else {
        denormalizer.skip();
      }
    }
  }

  private void requireNoMap(String spec, int bytes) {
    if (bytes > 0) {
      throw malformed(
          spec + ".precompiled_charsmap", "has %d bytes, expected none".formatted(bytes));
    }
  }

  private void require(String place, boolean found, boolean expected) {
    if (found != expected) {
      throw malformed(place, "is %s, expected %s".formatted(found, expected));
    }
  }

  private MalformedModelException malformed(String place, String problem) {
    return new MalformedModelException(file.name(), place, problem);
  }
}
