package org.glmspark.tokenizer;

import java.util.List;
import java.util.Random;

/// Texts that a tokenizer may stumble over.
final class RandomText {
  /// Each a piece of text; long words and runs come from drawing one piece several times.
  private static final List<String> PIECES =
      List.of(
          ("a¦Z¦the¦ the¦é¦ß¦ǅ¦ʰ¦中¦北京¦。¦，¦ខ្មែរ¦ា¦e\u0301¦\u0301¦𝒜¦𠀀¦😶‍🌫️¦🦙"
                  + "¦ ¦  ¦\t¦\n¦\r¦\r\n¦\u000b¦\u001c¦\u0085¦\u00a0¦\u2003¦\u2028¦\u3000"
                  + "¦0¦7¦12345¦²¦Ⅷ¦٣¦½¦𝟘¦'¦'s¦'S¦'Ll¦'ſ¦'ſt¦'RE¦'vE¦'k¦'M¦'d¦’s"
                  + "¦!¦...¦--¦_¦\0¦\u200b¦\ufeff¦\ufffd¦\ud800¦\udc00¦\ue000¦\u0378"
                  + "¦<|user|>¦[gMASK]")
              .split("¦", -1));

  private RandomText() {}

  /// Text of up to `pieces` pieces.
  static String of(Random random, int pieces) {
    var text = new StringBuilder();
    for (int i = random.nextInt(pieces + 1); i > 0; i--) {
      String piece = PIECES.get(random.nextInt(PIECES.size()));
      text.repeat(piece, random.nextInt(8) == 0 ? 1 + random.nextInt(20) : 1);
    }
    return text.toString();
  }

  /// What a tokenizer reads in a text: unpaired surrogates are no characters.
  static String wellFormed(String text) {
    return text.replaceAll("[\\ud800-\\udfff]", "\ufffd"); // a pair is one character and no match
  }
}
