package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class TextPartsTest {
  /// One token for each character that is not white space.
  private static int tokens(String text) {
    return (int) text.chars().filter(c -> !Character.isWhitespace(c)).count();
  }

  private static List<String> parts(String text, int mostTokens) {
    return TextParts.of(text, mostTokens, TextPartsTest::tokens);
  }

  @Test
  void cutBetweenParagraphsWhereTheyFit() {
    assertThat(parts("First one.\n\nSecond.\n \n\nThird one here.\n\nFourth.", 16))
        .containsExactly("First one.\n\nSecond.", "Third one here.", "Fourth.");
  }

  @Test
  void cutBetweenSentencesOfAParagraphThatIsTooLong() {
    assertThat(parts("It broke! Why? Nobody (not \"Bo.\") knows. It was 3.5 old.\n\nEnd.", 20))
        .containsExactly(
            "It broke! Why?", "Nobody (not \"Bo.\")", "knows. It was 3.5 old.", "End.");
    assertThat(parts("磁盘故障已修复。服务恢复了！一切正常；谢谢。", 12))
        .containsExactly("磁盘故障已修复。", "服务恢复了！一切正常；", "谢谢。");
  }

  @Test
  void cutBetweenWordsAndWithinAWordThatIsTooLong() {
    assertThat(parts("abcdefghijkl mnop qr 😀😀😀😀😀😀", 8))
        .containsExactly("abcdefgh", "ijkl", "mnop qr", "😀😀😀😀", "😀😀");
  }

  @Test
  void leaveWhatFitsInOnePiece() {
    assertThat(parts("  a b\n\nc  ", 8)).containsExactly("a b\n\nc");
    assertThat(parts(" \n ", 8)).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parts("a", 7))
        .withMessageContaining("7 tokens");
  }

  @Test
  void startWithAsManyWholeCharactersAsFit() {
    assertThat(TextParts.start("ab cd ef gh ij", 5, TextPartsTest::tokens)).isEqualTo("ab cd e");
    assertThat(TextParts.start("ab c   d", 3, TextPartsTest::tokens)).isEqualTo("ab c");
    assertThat(TextParts.start("ab", 8, TextPartsTest::tokens)).isEqualTo("ab");
    assertThat(TextParts.start("😀😀😀", 3, TextPartsTest::tokens)).isEqualTo("😀");
    assertThat(TextParts.start("  ".repeat(50) + "abc", 2, TextPartsTest::tokens)).endsWith(" ab");
  }

  @RepeatedTest(20)
  void loseNothingAndKeepTheLimit(RepetitionInfo repetition) {
    var random = new Random(repetition.getCurrentRepetition());
    var text = new StringBuilder();
    for (int i = 0; i < 600; i++) {
      String pieces = "abcdefg hijkl. mn! \n。，x😀";
      text.appendCodePoint(pieces.codePointAt(pieces.offsetByCodePoints(0, random.nextInt(24))));
    }

    List<String> parts = parts(text.toString(), 8 + random.nextInt(60));

    assertThat(parts).allSatisfy(part -> assertThat(tokens(part)).isBetween(1, 67));
    assertThat(String.join("", parts).replaceAll("\\s", ""))
        .isEqualTo(text.toString().replaceAll("\\s", ""));
  }
}
