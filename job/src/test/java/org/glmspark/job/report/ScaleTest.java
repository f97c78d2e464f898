package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScaleTest {
  @Test
  void ticksAreRoundAndReachTheLargestValue() {
    assertThat(Scale.ticks(806, 4, 0)).containsExactly(0.0, 500.0, 1000.0);
    assertThat(Scale.ticks(400, 4, 0)).containsExactly(0.0, 100.0, 200.0, 300.0, 400.0);
    assertThat(Scale.ticks(1, 3, 1)).containsExactly(0.0, 1.0);
    assertThat(Scale.ticks(0.7, 4, 0)).containsExactly(0.0, 0.2, 0.4, 0.6000000000000001, 0.8);
  }

  @Test
  void timesHaveTicksOfClocks() {
    assertThat(Scale.secondTicks(8.8, 10)).hasSize(9).endsWith(8.0);
    assertThat(Scale.secondTicks(100, 10)).containsSequence(0.0, 10.0, 20.0);
    assertThat(Scale.secondTicks(4000, 10)).containsSequence(0.0, 600.0, 1200.0);
    assertThat(Scale.secondTicks(3 * 86400, 10)).containsSequence(0.0, 43200.0, 86400.0);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.25, 0.25 s",
    "59, 59 s",
    "90, 1 min 30 s",
    "7200, 2 h",
    "9000, 2 h 30 min",
    "129600, 1 d 12 h"
  })
  void timesAreWrittenInTheirLargestUnits(double seconds, String text) {
    assertThat(Scale.seconds(seconds)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|0",
        "0.126|0.13",
        "3.5|3.5",
        "12.34|12.3",
        "100|100",
        "1234.6|1,235",
        "1e6|1,000,000"
      })
  void numbersHaveTheDigitsThatSaySomething(double number, String text) {
    assertThat(Scale.number(number)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"800, 800", "20000, 20k", "1500000, 1.5M", "2e9, 2G"})
  void axesHaveShortNumbers(double number, String text) {
    assertThat(Scale.axisNumber(number)).isEqualTo(text);
  }

  @Test
  void partsOfNothingAreNotNumbers() {
    assertThat(Scale.percent(0, 0)).isEqualTo("–");
    assertThat(Scale.percent(1, 300)).isEqualTo("0.3 %");
    assertThat(Scale.percent(93, 300)).isEqualTo("31 %");
  }
}
