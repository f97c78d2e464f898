package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.apache.spark.SparkException;
import org.glmspark.job.options.OutputMode;
import org.junit.jupiter.api.Test;

class BrokenRunExceptionTest {
  @Test
  void saysWhatHappenedAtLastAndWhatRemains() {
    var full = new IOException("No space left on device");
    var aborted = new SparkException("Job aborted due to stage failure\nDriver stacktrace:", full);

    assertThat(BrokenRunException.isBehind(aborted)).isTrue();
    assertThat(new BrokenRunException(OutputMode.RESUME, aborted))
        .hasMessage(
            "the run broke off: IOException: No space left on device; the rounds that are committed"
                + " stay, and the same command goes on")
        .hasCause(aborted);
  }

  @Test
  void takesTheFirstLineOfWhatSparkSays() {
    var lost = new SparkException("Job aborted: ExecutorLostFailure\nDriver stacktrace:", null);

    assertThat(new BrokenRunException(OutputMode.OVERWRITE, lost))
        .hasMessage(
            "the run broke off: Job aborted: ExecutorLostFailure; what was in the output before is"
                + " still there");
  }

  @Test
  void isNotBehindFaultsOfOurs() {
    assertThat(BrokenRunException.isBehind(new IllegalStateException("no such round"))).isFalse();
  }
}
