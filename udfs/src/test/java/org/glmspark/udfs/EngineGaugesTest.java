package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class EngineGaugesTest {
  private final AtomicLong nanos = new AtomicLong();
  private final EngineGauges gauges = new EngineGauges(nanos::get);

  private void report(String executor, EngineReport report) {
    assertThat(gauges.receive(new EngineGauges.Message(executor, report))).isNull();
  }

  @Test
  void theLastReportsOfAllExecutorsAreAddedUp() {
    report("1", new EngineReport(1, 9, 9, 9, 9, 9, 9, 9, 100));
    report("1", new EngineReport(1, 8, 2, 300, 40, 60, 8, 25, 100));
    report("2", new EngineReport(1, 1, 0, 100, 10, 20, 2, 25, 300));

    EngineReport sum = gauges.sum();

    assertThat(sum).isEqualTo(new EngineReport(2, 9, 2, 400, 50, 80, 10, 50, 400));
    assertThat(sum.cacheUse()).isEqualTo(0.125);
  }

  @Test
  void anExecutorThatIsGoneCountsOnlyWithTheWorkItDid() {
    report("1", new EngineReport(1, 8, 2, 300, 40, 60, 8, 25, 100));
    nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
    report("2", new EngineReport(1, 1, 0, 100, 10, 20, 2, 25, 300));

    assertThat(gauges.sum()).isEqualTo(new EngineReport(1, 1, 0, 400, 50, 20, 2, 25, 300));
  }

  @Test
  void speedIsWhatWasDoneSinceTheLastReport() {
    EngineReport earlier = new EngineReport(1, 8, 2, 300, 40, 0, 0, 25, 100);
    EngineReport later = new EngineReport(1, 8, 0, 500, 41, 0, 0, 25, 100);

    assertThat(later.since(earlier, 2))
        .isEqualTo(new EngineReport(1, 8, 0, 500, 41, 100, 0.5, 25, 100));
    assertThat(EngineReport.NONE.since(later, 2)).isEqualTo(EngineReport.NONE);
  }

  @Test
  void noCacheIsNotInUse() {
    assertThat(gauges.sum().cacheUse()).isZero();
  }

  @Test
  void theModelsOfAnApplicationAreThoseThatItsSettingsName() {
    SparkConf conf =
        new SparkConf(false)
            .set("spark.glm.model", "/models/large")
            .set("spark.glm.models.small.path", "/models/small")
            .set("spark.glm.models.small.threads", "3");

    assertThat(EngineReporter.configured(conf))
        .extracting(ModelSettings::name)
        .containsExactly("small", "default");
    assertThat(EngineReporter.configured(conf.set("spark.glm.model", "small"))).hasSize(1);
    assertThat(EngineReporter.configured(new SparkConf(false))).isEmpty();
    assertThatThrownBy(
            () -> EngineReporter.configured(conf.set("spark.glm.models.small.thread", "3")))
        .hasMessageContaining("did you mean 'threads'?");
  }
}
