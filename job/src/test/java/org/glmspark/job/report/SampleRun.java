package org.glmspark.job.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/// Rows and facts of runs that never were, for reports.
final class SampleRun {
  static final StructType SCHEMA =
      new StructType()
          .add("row_id", DataTypes.StringType)
          .add("error", DataTypes.StringType)
          .add("prompt_tokens", DataTypes.IntegerType)
          .add("cached_tokens", DataTypes.IntegerType)
          .add("completion_tokens", DataTypes.IntegerType)
          .add("queue_ms", DataTypes.DoubleType)
          .add("prefill_ms", DataTypes.DoubleType)
          .add("decode_ms", DataTypes.DoubleType);

  private SampleRun() {}

  static Dataset<Row> rows(Row... rows) {
    return LocalSpark.session().createDataFrame(List.of(rows), SCHEMA);
  }

  static Row done(
      String id, int prompt, int cached, int completion, double prefill, double decode) {
    return RowFactory.create(id, null, prompt, cached, completion, 10.0, prefill, decode);
  }

  static Row failed(String id, String error) {
    return RowFactory.create(id, error, 0, 0, 0, 0.0, 0.0, 0.0);
  }

  /// Rows as a large corpus has them: most are short, some are long, some fail.
  static Dataset<Row> corpus(int rows) {
    var random = new Random(7);
    List<Row> corpus = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      String id = "doc-%05d".formatted(i);
      if (i % 71 == 3) {
        corpus.add(failed(id, "no text: column 'body' is null"));
      } else if (i % 193 == 5) {
        corpus.add(
            failed(
                id, "prompt too long: 9,121 tokens, the model takes 8,192; choose another model"));
      } else {
        int prompt = (int) (120 * Math.exp(0.45 * random.nextGaussian()));
        int completion = Math.max(4, (int) (42 + 13 * random.nextGaussian()));
        double prefill = prompt * 0.9 * Math.exp(0.5 * random.nextGaussian());
        corpus.add(
            RowFactory.create(
                id,
                null,
                prompt,
                prompt / 3,
                completion,
                900 * random.nextDouble(),
                prefill,
                completion * 21.0 * Math.exp(0.2 * random.nextGaussian())));
      }
    }
    return LocalSpark.session().createDataFrame(corpus, SCHEMA);
  }

  /// What some executors did in a number of seconds; a later one begins later.
  static Throughput throughput(int executors, int seconds) {
    var random = new Random(3);
    List<Throughput.Executor> all = new ArrayList<>();
    for (int executor = 0; executor < executors; executor++) {
      List<Long> rows = new ArrayList<>();
      List<Long> prompt = new ArrayList<>();
      List<Long> completion = new ArrayList<>();
      for (int second = 0; second < seconds; second++) {
        boolean works = second >= 3 + executor;
        rows.add(works ? 3L : 0L);
        prompt.add(works ? 400L + random.nextInt(200) : 0L);
        completion.add(works ? 150L + random.nextInt(60) : 0L);
      }
      all.add(
          new Throughput.Executor(
              String.valueOf(executor), "10.0.0." + executor, rows, prompt, completion));
    }
    return new Throughput(1, seconds, all);
  }

  static RunFacts facts(long rows, @Nullable String workRemains) {
    return new RunFacts(
        "s3a://bucket/nightly/summaries",
        workRemains,
        Instant.parse("2026-11-21T21:40:12.345Z"),
        Duration.ofMillis(61_250),
        806.4,
        new RunFacts.RowCounts(rows + 1000, rows, workRemains == null ? 0 : 77, rows, 0),
        "0.1.0",
        "4.2.0",
        "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        List.of("AVX-512 VNNI, 512 bits"),
        options());
  }

  private static ObjectNode options() {
    try {
      return (ObjectNode)
          new ObjectMapper()
              .readTree(
                  """
                  {"model": {"path": "/models/glm-4-9b-chat", "weights": "q4"},
                   "input": {"path": "s3a://bucket/in", "format": "json",
                             "options": {"multiLine": "false"}},
                   "request": {"task": "summarize", "columns": ["body"], "max-words": 50},
                   "sampling": {"max_tokens": 200, "temperature": 0.0}}
                  """);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
