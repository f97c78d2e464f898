package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextTableTest {
  @ParameterizedTest
  @CsvSource({
    "abc, 3",
    "图片仓库, 8",
    "ｆｕｌｌ, 8",
    "한국어, 6",
    "かな。, 6",
    "naïve, 5",
    "nai\u0308ve, 5", // the marks of a letter stand above it
    "👩‍👩‍👧, 2", // one picture of five code points
    "€…─, 3",
  })
  void widthCountsTerminalColumns(String text, int columns) {
    assertThat(DisplayText.width(text)).isEqualTo(columns);
  }

  @ParameterizedTest
  @CsvSource({
    "summary, 7, summary",
    "summary, 6, summa…",
    "summary, 1, …",
    "'two words', 5, two…",
    "图片仓库, 8, 图片仓库",
    "图片仓库, 7, 图片仓…",
    "图片仓库, 6, 图片…", // a half of a wide character cannot be shown
    "👩‍👩‍👧👩‍👩‍👧, 3, 👩‍👩‍👧…",
  })
  void textIsCutToColumnsBetweenCharacters(String text, int columns, String cut) {
    assertThat(DisplayText.cut(text, columns)).isEqualTo(cut);
  }

  @Test
  void textFromARowCannotMoveTheCursor() {
    assertThat(DisplayText.singleLine(" a\n\tb\u001b[2Jc\u009bd\u2028e\u202ef "))
        .isEqualTo("a b [2Jc d ef");
  }

  @Test
  void narrowColumnsStayWholeAndWideOnesShareTheRest() {
    var table =
        new TextTable(
            List.of("id", "body", "summary"),
            List.of(
                List.of("doc-1", "系统在凌晨停止响应，原因是内存泄漏。", "The system stopped answering"),
                List.of("doc-2", "short", "brief")));

    assertThat(table.lines(40))
        .containsExactly(
            "id     body              summary",
            "─────  ────────────────  ───────────────",
            "doc-1  系统在凌晨停止…   The system sto…",
            "doc-2  short             brief");
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 20, 33, 80, 200})
  void noLineIsWiderThanTheTerminal(int columns) {
    var table =
        new TextTable(
            List.of("key", "text", "completion"),
            List.of(
                List.of("k".repeat(50), "字".repeat(100), "x".repeat(30)),
                List.of("", "ab", "字".repeat(100))));

    assertThat(table.lines(columns))
        .hasSize(4)
        .allSatisfy(line -> assertThat(DisplayText.width(line)).isLessThanOrEqualTo(columns));
  }
}
