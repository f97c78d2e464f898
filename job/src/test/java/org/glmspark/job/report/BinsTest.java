package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BinsTest {
  private static List<Double> tickValues(Bins bins) {
    return bins.ticks().stream().map(bins.edges()::get).toList();
  }

  @Test
  void countsGetEvenBinsAndRoundTicks() {
    Bins bins = Bins.ofCounts(61, 180, 312);

    assertThat(bins.spacing()).isEqualTo(Bins.Spacing.EVEN);
    assertThat(bins.edges()).hasSize(27).startsWith(60.0, 70.0).endsWith(320.0);
    assertThat(tickValues(bins)).containsExactly(100.0, 150.0, 200.0, 250.0, 300.0);
  }

  @Test
  void aLongTailGetsBinsThatDouble() {
    Bins bins = Bins.ofCounts(3, 40, 100_000);

    assertThat(bins.spacing()).isEqualTo(Bins.Spacing.OCTAVES);
    assertThat(bins.edges()).startsWith(0.0, 8.0, 16.0).endsWith(131_072.0);
    assertThat(tickValues(bins)).contains(0.0, 64.0, 4096.0).hasSizeBetween(4, 8);
  }

  @Test
  void timesGetTenBinsToAPowerOfTen() {
    Bins bins = Bins.ofTimes(0.8, 4200);

    assertThat(bins.edges()).startsWith(0.8, 1.0, 1.25, 1.6, 2.0).endsWith(5000.0);
    assertThat(tickValues(bins)).containsExactly(1.0, 10.0, 100.0, 1000.0);
  }

  @Test
  void timesThatAreAlmostNothingHaveABinOfTheirOwn() {
    Bins bins = Bins.ofTimes(0, 2000);

    assertThat(bins.edges()).startsWith(0.0, 0.2, 0.25);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "1, 1, 1",
    "57, 57, 57",
    "0, 1, 9",
    "0, 0, 1000000",
    "1, 500, 1000",
    "64, 64, 1024",
    "100000, 131072, 131072"
  })
  void everyValueHasItsBinAndTheChartSomeLabels(double min, double median, double max) {
    for (Bins bins : List.of(Bins.ofCounts(min, median, max), Bins.ofTimes(min, max))) {
      List<Double> edges = bins.edges();
      assertThat(edges).isSorted().doesNotHaveDuplicates().hasSizeBetween(11, 60);
      assertThat(edges.getFirst()).isLessThanOrEqualTo(min);
      assertThat(edges.getLast()).isGreaterThan(max);
      assertThat(bins.ticks()).hasSizeBetween(2, 9);
      assertThat(bins.position(edges.get(3))).isEqualTo(3);
      assertThat(bins.position(max)).isBetween(0.0, edges.size() - 1.0);
    }
  }
}
