package org.glmspark.tests.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// Runs the benchmarks, or those whose names match the system property `kernels`.
@Tag("bench")
class KernelBenchmarksIT {
  @Test
  void measuresEachKernel() throws RunnerException {
    Options options =
        new OptionsBuilder()
            .include(System.getProperty("kernels", "org.glmspark.tests.kernels"))
            .shouldFailOnError(true)
            .build();
    assertThat(new Runner(options).run()).isNotEmpty();
  }
}
