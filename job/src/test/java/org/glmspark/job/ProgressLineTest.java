package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.glmspark.job.report.Work;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 0 | 0 | 5 | '0 of 1,200 rows'",
        "0 | 70000 | 12 | 4"
            + " | '0 of 1,200 rows   70,000 prompt + 12 completion tokens   3 tokens/s'",
        "300 | 45000 | 9000 | 10"
            + " | '300 of 1,200 rows   45,000 prompt + 9,000 completion tokens   900 tokens/s"
            + "   30 s left'",
        "10 | 0 | 0 | 10 | '10 of 1,200 rows   19 min 50 s left'",
        "1 | 9 | 500 | 60"
            + " | '1 of 1,200 rows   9 prompt + 500 completion tokens   8 tokens/s"
            + "   19 h 59 min left'",
        "1300 | 9 | 9900 | 90"
            + " | '1,200 of 1,200 rows   9 prompt + 9,900 completion tokens   110 tokens/s"
            + "   0 s left'",
      })
  void saysHowFarTheRunIs(long rows, long prompt, long completion, long seconds, String line) {
    assertThat(
            ProgressLine.text(
                new Work(rows, prompt, completion), 1200, Duration.ofSeconds(seconds)))
        .isEqualTo(line);
  }

  @Test
  void aWatchedLineCountsFromItsBeginAndIsNoWiderThanItsTerminalAndTakenAway() {
    var out = new StringWriter();
    Iterator<Work> done = List.of(new Work(5, 9, 9), new Work(12, 1009, 59)).iterator();

    ProgressLine.show(new Terminal(true, 20), new PrintWriter(out), done::next, 100).close();

    assertThat(out.toString()).isEqualTo("\r\u001b[K7 of 100 rows   1,…\r\u001b[K");
  }
}
