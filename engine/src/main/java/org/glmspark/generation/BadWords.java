package org.glmspark.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.glmspark.tokenizer.Tokenizer;

/// The tokens that write a bad word.
///
/// As in vLLM, a word is taken as the tokenizer writes it on its own and after a blank, which is
/// how it stands at the beginning and in the middle of a text. ChatGLM2's and ChatGLM3's tokenizer
/// begins every text with a blank; where that is a token of its own, the word counts without it
/// too, as it stands in Chinese text. Other splits of the same text, which no tokenizer makes, are
/// not looked for.
final class BadWords {
  private static final byte[] BLANK = {' '};

  private BadWords() {}

  /// The token sequences, none of them empty.
  ///
  /// @param words none is blank
  static List<int[]> encode(Collection<String> words, Tokenizer tokenizer) {
    List<int[]> sequences = new ArrayList<>();
    for (String word : words) {
      String bare = word.stripLeading();
      int[] alone = tokenizer.encode(bare);
      int[] afterBlank = tokenizer.encode(" " + bare);
      sequences.add(alone);
      if (!Arrays.equals(alone, afterBlank)) {
        sequences.add(afterBlank);
      }
      if (alone.length > 1 && Arrays.equals(tokenizer.vocabulary().bytes(alone[0]), BLANK)) {
        sequences.add(Arrays.copyOfRange(alone, 1, alone.length));
      }
    }
    return sequences;
  }
}
