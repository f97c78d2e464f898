package org.glmspark.job.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LimitOptionsTest {
  /// Half past nine in the evening in Shanghai.
  private static final Clock NOW =
      Clock.fixed(Instant.parse("2026-11-21T13:30:00Z"), ZoneId.of("Asia/Shanghai"));

  @ParameterizedTest
  @CsvSource({
    "06:00, 2026-11-21T22:00:00Z",
    "6:00, 2026-11-21T22:00:00Z",
    "21:30, 2026-11-22T13:30:00Z",
    "21:30:01, 2026-11-21T13:30:01Z",
    "2026-12-24T06:00, 2026-12-23T22:00:00Z",
    "2026-12-24T06:00Z, 2026-12-24T06:00:00Z",
    "2026-12-24T06:00:30+01:00, 2026-12-24T05:00:30Z",
    "5h30m, 2026-11-21T19:00:00Z",
    "90s, 2026-11-21T13:31:30Z",
    "PT2H, 2026-11-21T15:30:00Z",
  })
  void aDeadlineIsATimeOfDayADateOrADuration(String text, Instant deadline) {
    assertThat(new LimitOptions(text, 0).deadline(NOW)).isEqualTo(deadline);
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "25:00", "2026-13-01T06:00", "6", "", "-5m", "2026-12-24"})
  void whatIsNoneIsRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LimitOptions(text, 0))
        .withMessage(
            "deadline is \"%s\", expected 06:00, 2026-12-24T06:00, 2026-12-24T06:00Z or 5h30m",
            text);
  }

  @Test
  void tokensAreNotNegative() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new LimitOptions(null, -1))
        .withMessage("max-tokens is -1, expected 0 (any number) or more");
    assertThat(new LimitOptions(null, 0).deadline(NOW)).isNull();
  }
}
