package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.sampling.SamplingParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GeneratePartitionTest {
  private static final SparkSession SPARK = LocalSpark.session();
  private static final PromptSource SUMMARIZE = new PromptSource.Summarize("body", 50);
  private static final SamplingParameters GREEDY = SamplingParameters.greedy(100);

  /// What goes by in front of the partition function and behind it; the tasks run in this JVM.
  private static final AtomicInteger PULLED = new AtomicInteger();

  private static final AtomicInteger GIVEN = new AtomicInteger();
  private static final AtomicInteger MOST_AHEAD = new AtomicInteger();
  private static volatile CountDownLatch firstGiven = new CountDownLatch(1);

  @BeforeEach
  void countFromZero() {
    PULLED.set(0);
    GIVEN.set(0);
    MOST_AHEAD.set(0);
    firstGiven = new CountDownLatch(1);
  }

  @AfterEach
  void closeEngines() {
    ExecutorEngines.closeAll();
  }

  /// Rows as they come to the partition function, in one partition: an input column, the row id,
  /// the texts.
  private static Dataset<Row> rows(Dataset<Row> input) {
    return input
        .select(
            functions.col("body"),
            functions.col("id"),
            functions.array(functions.col("body")).as("texts"))
        .coalesce(1);
  }

  private static Dataset<Row> complete(
      Dataset<Row> rows, ModelHandle model, PromptSource prompt, SamplingParameters sampling) {
    var columns = ResultColumns.plain();
    var task =
        new GeneratePartition(
            JavaSparkContext.fromSparkContext(SPARK.sparkContext()).broadcast(model),
            prompt,
            sampling,
            null,
            columns,
            1,
            null,
            null);
    StructType output = columns.append(StructType.fromDDL("body STRING"));
    return rows.mapPartitions(counting(false), Encoders.row(rows.schema()))
        .mapPartitions(task, Encoders.row(output))
        .mapPartitions(counting(true), Encoders.row(output));
  }

  private static MapPartitionsFunction<Row, Row> counting(boolean given) {
    return rows ->
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            return rows.hasNext();
          }

          @Override
          public Row next() {
            Row row = rows.next();
            MOST_AHEAD.accumulateAndGet(PULLED.get() - GIVEN.get(), Math::max);
            if (given) {
              GIVEN.incrementAndGet();
              firstGiven.countDown();
            } else {
              PULLED.incrementAndGet();
            }
            return row;
          }
        };
  }

  @Test
  void keepsTheOrderAndLooksNoFurtherAheadThanTwoBatches() {
    ModelHandle model = ModelHandle.of(SampleData.model(), SampleData.options(4));
    Dataset<Row> documents = SampleData.documents(40);

    List<Row> completed =
        complete(rows(documents), model, SUMMARIZE, GREEDY)
            .select("lineage.row_id")
            .collectAsList();

    assertThat(completed).isEqualTo(documents.select("id").collectAsList());
    assertThat(MOST_AHEAD.get()).isBetween(4, 8);
    assertThat(model.engine().stats().largestBatch()).isEqualTo(4);
  }

  @Test
  void givesUpItsSequencesWhenTheTaskIsKilled() throws Exception {
    ModelHandle model = ModelHandle.of(SampleData.model(), SampleData.options(2));
    GenerationEngine engine = model.engine();
    var text = "(((((((((("; // nothing the model knows: it rambles until it may not go on
    int[] prompt = engine.model().chatTemplate().encode(List.of(ChatMessage.user(text)));
    GenerationRequest request = rambling(engine, prompt);
    SamplingParameters rambling = request.sampling();
    long before = engine.stats().decodeTokens();

    Dataset<Row> endless =
        SPARK
            .range(1)
            .coalesce(1)
            .mapPartitions(
                (MapPartitionsFunction<Long, Row>)
                    _ -> Stream.generate(() -> RowFactory.create(text, "a")).iterator(),
                Encoders.row(StructType.fromDDL("body STRING, id STRING")));
    Dataset<Row> completed =
        complete(rows(endless), model, new PromptSource.Template("{body}", null), rambling);
    try (var driver = Executors.newSingleThreadExecutor()) {
      Future<?> job = driver.submit(() -> run(completed));
      firstGiven.await();
      SPARK.sparkContext().cancelAllJobs();

      assertThatThrownBy(job::get).hasStackTraceContaining("cancelled");
    }
    engine.submit(request).get(); // behind all that was left in the queue

    int asked = PULLED.get() + 1;
    assertThat(engine.stats().decodeTokens()).isLessThan(before + (asked - 1) * 300L);
    assertThat(engine.waiting()).isZero();
  }

  @Test
  void givesUpAllPartsOfALongTextWhenTheTaskIsKilled() throws Exception {
    ModelHandle model = ModelHandle.of(SampleData.model(), SampleData.options(2));
    GenerationEngine engine = model.engine();
    int[] prompt = engine.model().chatTemplate().encode(List.of(ChatMessage.user("Rain.")));
    String document = SampleData.longDocument("long-5"); // its parts take thousands of tokens
    Dataset<Row> input =
        SPARK.createDataFrame(
            List.of(RowFactory.create("Rain.", "a"), RowFactory.create(document, "b")),
            StructType.fromDDL("body STRING, id STRING"));
    AnswerCache.ofExecutor().clear();
    long asked = AnswerCache.ofExecutor().computed();
    long decoded = engine.stats().decodeTokens();

    Dataset<Row> completed = complete(rows(input), model, SUMMARIZE, GREEDY);
    try (var driver = Executors.newSingleThreadExecutor()) {
      Future<?> job = driver.submit(() -> run(completed));
      firstGiven.await();
      SPARK.sparkContext().cancelAllJobs();

      assertThatThrownBy(job::get).hasStackTraceContaining("cancelled");
    }
    engine.submit(new GenerationRequest(prompt, GREEDY)).get(); // behind what was left

    long parts = AnswerCache.ofExecutor().computed() - asked;
    assertThat(parts).isGreaterThan(100);
    assertThat(engine.stats().decodeTokens() - decoded).isLessThan(parts * 10);
    assertThat(engine.waiting()).isZero();
  }

  /// A request that is answered by as many tokens as it may have: by some seed it is.
  private static GenerationRequest rambling(GenerationEngine engine, int[] prompt) {
    for (int seed = 0; seed < 30; seed++) {
      var sampling = SamplingParameters.builder().maxTokens(300).temperature(2).seed(seed).build();
      var request = new GenerationRequest(prompt, sampling);
      if (engine.submit(request).join().usage().completion() == 300) {
        return request;
      }
    }
    throw new AssertionError("no seed rambles");
  }

  private static void run(Dataset<Row> completed) {
    try {
      completed.write().format("noop").mode("overwrite").save();
    } finally {
      firstGiven.countDown(); // a job that fails at once must not leave the test waiting
    }
  }

  @Test
  void failsTheTaskWithTheCauseWhenTheEngineFails() {
    ModelHandle model = ModelHandle.of(SampleData.model(), SampleData.options(2));
    model.engine().close();

    Dataset<Row> completed = complete(rows(SampleData.documents(3)), model, SUMMARIZE, GREEDY);

    assertThatThrownBy(completed::collectAsList)
        .hasStackTraceContaining("row 'doc-0001': the engine failed")
        .hasStackTraceContaining("the engine is closed");
    assertThat(completed.count()).isEqualTo(3); // the next task opened another engine
  }
}
