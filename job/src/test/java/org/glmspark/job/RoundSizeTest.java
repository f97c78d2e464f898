package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.glmspark.job.options.OutputOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoundSizeTest {
  private static final int CORES = 2;

  @TempDir Path folder;

  private SampleJob job;

  @BeforeEach
  void makeJob() throws IOException {
    job = SampleJob.in(folder);
  }

  private RoundSize size(String... settings) {
    OutputOptions options = job.with(settings).options().output();
    return new RoundSize(options, CORES);
  }

  private static List<RoundPlan.Request> requests(int count, int tokens) {
    return Collections.nCopies(count, new RoundPlan.Request("request", tokens, 2L * tokens, 0));
  }

  private static int taken(RoundSize size, int tokens) {
    return size.take(requests(RoundSize.MOST_REQUESTS, tokens)).size();
  }

  @Test
  void theFirstRoundIsSmallHoweverLongTheTextsAre() {
    RoundSize size = size();

    assertThat(taken(size, 63)).isEqualTo(512);
    assertThat(taken(size, 2_047)).isEqualTo(16);
    assertThat(taken(size, 110_000)).isEqualTo(CORES);
  }

  @Test
  void aRoundTakesTheTimeThatIsAskedAtTheSpeedOfTheLast() {
    RoundSize size = size("output.round-minutes=10");

    size.took(requests(100, 999), Duration.ofMinutes(1));

    assertThat(taken(size, 999)).isEqualTo(1_000);
    assertThat(taken(size, 1_999)).isEqualTo(500);
    size.took(requests(1_000, 999), Duration.ofMinutes(100));
    assertThat(taken(size, 999)).isEqualTo(100);
  }

  @Test
  void aNumberOfRowsHoldsWhateverTheyTake() {
    RoundSize size = size("output.round-rows=7");

    assertThat(taken(size, 110_000)).isEqualTo(7);
    size.took(requests(7, 110_000), Duration.ofHours(5));
    assertThat(taken(size, 10)).isEqualTo(7);
  }
}
