package org.glmspark.model;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.glmspark.format.GgufMetadata;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.GgufVocabulary;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.jspecify.annotations.Nullable;

/// The tokenizer in the metadata of a GGUF file. It names its special tokens itself.
///
/// A vocabulary that text cannot be encoded with is as good as none: weights are of use without it,
/// and whoever needs text is told why there is no tokenizer.
final class GgufTokenizer implements TokenizerSource {
  /// What a pack calls the metadata that it takes over.
  static final String FILE = "metadata.gguf";

  private static final String PREFIX = "tokenizer.ggml.";
  private static final String MODEL = PREFIX + "model";
  private static final String PRE = PREFIX + "pre";
  private static final String TOKENS = PREFIX + "tokens";
  private static final String TYPES = PREFIX + "token_type";
  private static final String SCORES = PREFIX + "scores";

  private final GgufMetadata metadata;
  private final String origin;
  private final @Nullable Tokenizer tokenizer;

  /// @param file the name of the file, for messages
  /// @throws MalformedModelException if a list of the vocabulary is of the wrong type or length
  GgufTokenizer(String file, GgufMetadata metadata) {
    this.metadata = metadata;
    Tokenizer read = null;
    String from = "there is no " + TOKENS;
    if (metadata.has(TOKENS)) {
      GgufVocabulary vocabulary = vocabulary(file);
      try {
        read = vocabulary.tokenizer();
        from = TOKENS;
      } catch (MalformedModelException e) {
        from = String.valueOf(e.getMessage());
      }
    }
    origin = from;
    tokenizer = read;
  }

  private GgufVocabulary vocabulary(String file) {
    return new GgufVocabulary(
        file,
        metadata.text(MODEL),
        metadata.has(PRE) ? metadata.text(PRE) : null,
        metadata.texts(TOKENS),
        metadata.has(TYPES) ? metadata.integers(TYPES, 0, Integer.MAX_VALUE) : null,
        metadata.has(SCORES) ? metadata.numbers(SCORES) : null);
  }

  /// Converters write the vocabulary of ChatGLM3 only; a file of ChatGLM2 says so in its name.
  @Override
  public TokenizerSigns signs() {
    if (tokenizer == null) {
      return TokenizerSigns.NONE;
    }
    return metadata.text(MODEL).equals("llama")
        ? TokenizerSigns.of(
            ModelFamily.CHATGLM3, "GGUF files have the SentencePiece vocabulary of ChatGLM3 only")
        : TokenizerSigns.BYTE_LEVEL;
  }

  @Override
  public String origin() {
    return origin;
  }

  @Override
  public @Nullable Tokenizer load(TokenizerFamily family) {
    return tokenizer;
  }

  @Override
  public Map<String, MemorySegment> files() {
    return Map.of(FILE, metadata.source());
  }
}
