package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// Byte-level BPE as GLM-4 uses it: text is split into words, a word that is a token is that token,
/// and the bytes of another word are joined pair by pair.
///
/// Any text has an encoding, and what it decodes to is that text. The one exception is text that is
/// no Unicode: an unpaired surrogate is taken as U+FFFD. Time is proportional to the length of the
/// text.
///
/// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat, and tiktoken.
public final class BytePairTokenizer implements Tokenizer {
  private static final String MODEL_FILE = "tokenizer.model";
  private static final String CONFIG_FILE = "tokenizer_config.json";

  private final TokenTable table;
  private final BytePairEncoding encoding;
  private final Vocabulary vocabulary;

  /// @param table all tokens with bytes, by their ranks
  BytePairTokenizer(String file, TokenTable table, Map<String, Integer> specialTokens) {
    this.table = table;
    int[] order = IntStream.range(0, table.size()).toArray();
    encoding =
        BytePairEncoding.of(
            file, table, order, BytePairEncoding.Unit.BYTE, ByteFallback.singleBytes(table));
    vocabulary = new Vocabulary(table.tokens(), specialTokens, DecodingRule.PLAIN);
  }

  /// Reads `tokenizer.model`, a rank file, and `tokenizer_config.json` of a model folder. Without
  /// the second file GLM-4's 14 special tokens follow the last rank.
  ///
  /// @throws MalformedModelException if `tokenizer.model` is missing, or either file is malformed
  /// @throws IOException if a file cannot be read
  public static BytePairTokenizer load(Path folder) throws IOException {
    WholeFile ranks = WholeFile.read(folder.resolve(MODEL_FILE));
    Path config = folder.resolve(CONFIG_FILE);
    return parseRanks(ranks, Files.exists(config) ? WholeFile.read(config) : null);
  }

  /// Reads the content of a rank file; GLM-4's special tokens follow the last rank.
  ///
  /// @param file the file's name, for messages
  /// @throws MalformedModelException if it is malformed
  public static BytePairTokenizer parseRanks(String file, byte[] bytes) {
    return parseRanks(new WholeFile(file, bytes), null);
  }

  static BytePairTokenizer parseRanks(WholeFile file, @Nullable WholeFile config) {
    TokenTable table = RankFile.parse(file);
    Map<String, Integer> specialTokens =
        config == null
            ? SpecialTokens.following(table.size())
            : SpecialTokens.parse(config, table.size());
    return new BytePairTokenizer(file.name(), table, specialTokens);
  }

  /// Reads the content of a `tokenizer.json`.
  ///
  /// @param file the file's name, for messages
  /// @throws MalformedModelException if it is malformed, or is to be encoded in another way
  public static BytePairTokenizer parseJson(String file, byte[] bytes) {
    return parseJson(new WholeFile(file, bytes));
  }

  static BytePairTokenizer parseJson(WholeFile file) {
    TokenizerJson.Content content = TokenizerJson.parse(file);
    return new BytePairTokenizer(file.name(), content.table(), content.specialTokens());
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public int[] encode(String text) {
    byte[] utf8 = Utf8.of(text);
    BytePairEncoding.WordEncoder encoder = encoding.encoder(utf8.length);
    var tokens = new TokenBuffer();
    int end;
    for (int start = 0; start < utf8.length; start = end) {
      end = WordSplitter.end(utf8, start);
      int token = table.find(utf8, start, end);
      if (token == TokenTable.NONE) {
        encoder.encode(utf8, start, end, tokens);
      } else {
        tokens.add(token);
      }
    }
    return tokens.toArray();
  }

  /// As the interface says; one U+FFFD stands for each maximal ill-formed part.
  @Override
  public String decode(int... tokens) {
    var bytes = new ByteArrayOutputStream(4 * tokens.length);
    for (int token : tokens) {
      bytes.writeBytes(vocabulary.sharedBytes(token));
    }
    return bytes.toString(UTF_8);
  }
}
