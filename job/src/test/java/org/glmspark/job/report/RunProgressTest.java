package org.glmspark.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.Success$;
import org.apache.spark.TaskState;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.glmspark.udfs.RowProgress;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.Option;
import scala.Tuple4;
import scala.collection.immutable.Map$;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

class RunProgressTest {
  private final RowProgress counters = RowProgress.register(LocalSpark.session().sparkContext());
  private long nanos = 12_345;
  private RunProgress progress;

  @BeforeEach
  void begin() {
    progress = new RunProgress(counters, () -> nanos);
  }

  private void pass(double seconds) {
    nanos += Math.round(seconds * TimeUnit.SECONDS.toNanos(1));
  }

  private static TaskInfo task(long id, String executor) {
    return new TaskInfo(id, 0, 0, 0, 0, executor, "host-" + executor, TaskLocality.ANY(), false);
  }

  private void start(long id, String executor) {
    progress.onTaskStart(new SparkListenerTaskStart(0, 0, task(id, executor)));
  }

  private void heartbeat(long id, Work counted) {
    progress.onExecutorMetricsUpdate(
        new SparkListenerExecutorMetricsUpdate(
            "any",
            CollectionConverters.asScala(
                    List.of(
                        new Tuple4<Object, Object, Object, Seq<AccumulableInfo>>(
                            id, 0, 0, accumulators(counted))))
                .toSeq(),
            Map$.MODULE$.empty()));
  }

  private void end(long id, scala.Enumeration.Value state, Work counted) {
    TaskInfo info = task(id, "as it started");
    info.setAccumulables(accumulators(counted));
    info.markFinished(state, 1);
    progress.onTaskEnd(
        new SparkListenerTaskEnd(0, 0, "ResultTask", Success$.MODULE$, info, null, null));
  }

  private Seq<AccumulableInfo> accumulators(Work counted) {
    return CollectionConverters.asScala(
            List.of(
                accumulator(counters.rows().id(), counted.rows()),
                accumulator(counters.promptTokens().id(), counted.promptTokens()),
                accumulator(counters.completionTokens().id(), counted.completionTokens())))
        .toSeq();
  }

  private static AccumulableInfo accumulator(long id, long value) {
    return new AccumulableInfo(
        id, Option.empty(), Option.apply(value), Option.empty(), false, false, Option.empty());
  }

  @Test
  void heartbeatsOfRunningTasksMoveItAndEndsSettleIt() {
    start(1, "a");
    start(2, "b");
    heartbeat(1, new Work(0, 100, 0));
    heartbeat(2, new Work(1, 50, 9));
    assertThat(progress.done()).isEqualTo(new Work(1, 150, 9));

    heartbeat(1, new Work(0, 400, 3));
    assertThat(progress.done()).isEqualTo(new Work(1, 450, 12));

    end(1, TaskState.FINISHED(), new Work(2, 400, 20));
    heartbeat(1, new Work(1, 400, 10)); // was on its way
    assertThat(progress.done()).isEqualTo(new Work(3, 450, 29));
  }

  @Test
  void aTaskThatFailsTakesBackAllItCounted() {
    start(1, "a");
    pass(3);
    heartbeat(1, new Work(5, 500, 50));
    start(2, "b");
    pass(1);
    end(1, TaskState.FAILED(), new Work(6, 600, 60));
    end(2, TaskState.FINISHED(), new Work(1, 10, 2));

    assertThat(progress.done()).isEqualTo(new Work(1, 10, 2));
    assertThat(progress.throughput().executors())
        .extracting(Throughput.Executor::id)
        .containsExactly("b");
  }

  @Test
  void workIsSpreadOverTheTimeInWhichItWasDone() {
    pass(1);
    start(1, "a");
    pass(1.5);
    heartbeat(1, new Work(0, 300, 0)); // 1 to 2.5 s
    pass(1.5);
    heartbeat(1, new Work(0, 300, 0)); // nothing until 4 s
    pass(2);
    end(1, TaskState.FINISHED(), new Work(1, 300, 41)); // 4 to 6 s

    Throughput throughput = progress.throughput();

    assertThat(throughput.bucketSeconds()).isEqualTo(1);
    assertThat(throughput.seconds()).isEqualTo(6);
    Throughput.Executor executor = throughput.executors().getFirst();
    assertThat(executor.host()).isEqualTo("host-a");
    assertThat(executor.promptTokens()).containsExactly(0L, 200L, 100L, 0L, 0L, 0L);
    assertThat(executor.completionTokens()).containsExactly(0L, 0L, 0L, 0L, 21L, 20L);
  }

  @Test
  void aRunOfDaysKeepsSomeHundredBucketsAndAllWork() {
    long rows = 0;
    for (int id = 0; id < 3000; id++) {
      start(id, "executor " + id % 3);
      pass(97);
      heartbeat(id, new Work(0, 7L * id, 0));
      pass(3);
      end(id, TaskState.FINISHED(), new Work(id, 10L * id, 5));
      rows += id;
    }

    Throughput throughput = progress.throughput();

    assertThat(throughput.seconds()).isEqualTo(300_000);
    assertThat(throughput.bucketSeconds()).isEqualTo(2048);
    assertThat(throughput.buckets()).isEqualTo(147);
    assertThat(throughput.executors()).hasSize(3);
    assertThat(
            throughput.executors().stream()
                .flatMap(executor -> executor.rows().stream())
                .mapToLong(Long::longValue)
                .sum())
        .isEqualTo(rows)
        .isEqualTo(progress.done().rows());
  }

  @Test
  void followsTheJobsOfASession() {
    SparkContext spark = LocalSpark.session().sparkContext();
    RunProgress followed = RunProgress.follow(spark, counters);
    for (int job = 0; job < 2; job++) {
      var counted = counters;
      LocalSpark.session()
          .range(0, 100, 1, 4)
          .javaRDD()
          .foreach(_ -> {
            counted.rows().add(1);
            counted.advanced(10, 1);
          });
    }
    followed.leave(spark);

    assertThat(followed.done()).isEqualTo(new Work(200, 2000, 200));
    assertThat(followed.throughput().executors())
        .singleElement()
        .extracting(Throughput.Executor::id)
        .isEqualTo("driver");
  }
}
