package org.glmspark.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;

/// Byte-level BPE as GLM-4 uses it: text is split into words, a word that is a token is that token,
/// and the bytes of another word are joined pair by pair.
///
/// Any text has an encoding, and what it decodes to is that text. The one exception is text that is
/// no Unicode: an unpaired surrogate is taken as U+FFFD. Time is proportional to the length of the
/// text, times its logarithm where a single word is all of it.
///
/// Source: `tokenization_chatglm.py` of GLM-4-9B-Chat, and tiktoken.
public final class BytePairTokenizer implements Tokenizer {
  private static final String MODEL_FILE = "tokenizer.model";
  private static final String CONFIG_FILE = "tokenizer_config.json";
  private static final int REPLACEMENT = 0xFFFD;

  private final Vocabulary vocabulary;

  BytePairTokenizer(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
  }

  /// Reads `tokenizer.model` and `tokenizer_config.json` of a model folder. Without the second file
  /// GLM-4's 14 special tokens follow the last rank.
  ///
  /// @throws MalformedModelException if `tokenizer.model` is missing, or either file is malformed
  /// @throws IOException if a file cannot be read
  public static BytePairTokenizer load(Path folder) throws IOException {
    TokenTable table = RankFile.parse(WholeFile.read(folder.resolve(MODEL_FILE)));
    Path config = folder.resolve(CONFIG_FILE);
    Map<String, Integer> specialTokens =
        Files.exists(config)
            ? SpecialTokens.parse(WholeFile.read(config), table.size())
            : SpecialTokens.following(table.size());
    return new BytePairTokenizer(new Vocabulary(table, specialTokens));
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public int[] encode(String text) {
    byte[] utf8 = wellFormed(text).getBytes(UTF_8);
    TokenTable table = vocabulary.table();
    var merger = new PairMerger(table);
    IntStream.Builder tokens = IntStream.builder();
    int end;
    for (int start = 0; start < utf8.length; start = end) {
      end = WordSplitter.end(utf8, start);
      int token = table.find(utf8, start, end);
      if (token == TokenTable.NONE) {
        merger.merge(utf8, start, end, tokens);
      } else {
        tokens.add(token);
      }
    }
    return tokens.build().toArray();
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

  /// Unpaired surrogates replaced, which Java's encoder would turn into '?', a character that
  /// documents use.
  private static String wellFormed(String text) {
    if (!hasSurrogates(text)) {
      return text;
    }
    int[] codePoints = text.codePoints().map(c -> isUnpaired(c) ? REPLACEMENT : c).toArray();
    return new String(codePoints, 0, codePoints.length);
  }

  private static boolean hasSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  /// A pair is one code point beyond these.
  private static boolean isUnpaired(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
