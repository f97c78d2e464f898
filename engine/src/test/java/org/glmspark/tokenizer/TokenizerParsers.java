package org.glmspark.tokenizer;

/// The parsers of tokenizers, for fuzzers: each takes the content of a file. What it makes of it
/// has to encode and decode a text.
public final class TokenizerParsers {
  private static final String FILE = "fuzz";
  private static final String TEXT = "Ein Satz\u2581\n\n 12345 \u4f60\u597d \ud83d\ude42 aaaaaaaa";
  private static final int RANKS = 300;

  private TokenizerParsers() {}

  /// `tokenizer.model` of GLM-4.
  public static void rankFile(byte[] content) {
    use(BytePairTokenizer.parseRanks(FILE, content));
  }

  public static void tokenizerJson(byte[] content) {
    use(BytePairTokenizer.parseJson(FILE, content));
  }

  /// `tokenizer.model` of ChatGLM2 and ChatGLM3.
  public static void sentencePiece(byte[] content) {
    use(
        SentencePieceTokenizer.parse(
            new WholeFile(FILE, content), TokenizerFamily.CHATGLM3.specialTokens()));
  }

  public static void tokenizerConfig(byte[] content) {
    SpecialTokens.parse(new WholeFile(FILE, content), RANKS);
  }

  private static void use(Tokenizer tokenizer) {
    tokenizer.decode(tokenizer.encode(TEXT));
  }
}
