package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.glmspark.job.ProgressLine.Counted;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 0 | 5 | '0 of 1,200 rows'",
        "300 | 9000 | 10 | '300 of 1,200 rows   900 tokens/s   30 s left'",
        "10 | 9000 | 10 | '10 of 1,200 rows   900 tokens/s   19 min 50 s left'",
        "1 | 500 | 60 | '1 of 1,200 rows   8 tokens/s   19 h 59 min left'",
        "1200 | 9000 | 90 | '1,200 of 1,200 rows   100 tokens/s   0 s left'",
        "1300 | 9900 | 90 | '1,200 of 1,200 rows   110 tokens/s   0 s left'",
      })
  void saysHowFarTheRunIs(long rows, long tokens, long seconds, String line) {
    assertThat(ProgressLine.text(new Counted(rows, tokens), 1200, Duration.ofSeconds(seconds)))
        .isEqualTo(line);
  }
}
