package org.glmspark.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.job.output.Round;
import org.glmspark.job.output.Rounds;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.PlanColumns;
import org.glmspark.udfs.ResultColumns;
import org.glmspark.udfs.RowProgress;
import org.glmspark.udfs.distribution.ModelProgress;
import scala.jdk.javaapi.CollectionConverters;

/// Runs rows of an output again, each with the settings of the run that wrote it, and compares.
///
/// The output has the input's columns, so nothing else is read. A row is that of a run if the run's
/// settings give its request id; what must be the same then is every result column but `timing` and
/// `usage.cached`.
final class Verification {
  private final SparkSession spark;
  private final FileSystem files;
  private final Path output;

  /// What came of it.
  ///
  /// @param rows how many were run again
  /// @param differing those that came out otherwise, each with a sentence
  /// @param changed ids of rows that no run's settings give, and so were not compared
  record Outcome(int rows, Map<String, String> differing, List<String> changed) {}

  /// @param output its folder
  Verification(SparkSession spark, FileSystem files, Path output) {
    this.spark = spark;
    this.files = files;
    this.output = output;
  }

  /// Compares a sample.
  ///
  /// @param sample most rows to compare
  /// @param seed which ones; the same seed takes the same rows
  /// @throws RefusedException if there is no output of `glm run`, or its model is not there any
  ///   more
  Outcome of(int sample, long seed) throws IOException {
    List<RunSettings> runs = new ArrayList<>();
    for (byte[] run : OutputFolder.runs(files, output)) {
      runs.add(RunSettings.parse(run));
    }
    if (runs.isEmpty()) {
      throw new RefusedException(
          "'%s' is no output of glm run: it has no _glm/runs".formatted(output));
    }
    RunSettings last = runs.getLast();
    Rounds rounds = new Rounds(files, output, last.options().output().roundColumn());
    List<Round> committed = rounds.committed();
    OutputRows outputRows =
        OutputRows.of(
            spark, last.options(), last.schema(), last.options().model(ModelProgress.SILENT));
    Dataset<Row> rows = named(outputRows.read(rounds, committed), last);
    Column id = ResultNames.column(rows, last.options().results(), "lineage", "row_id");
    Dataset<Row> sampled =
        rows.orderBy(functions.xxhash64(functions.lit(seed), id), id).limit(sample).cache();
    try {
      return compare(sampled, rounds, committed, runs);
    } finally {
      sampled.unpersist();
    }
  }

  /// Rows of an output whose ids tell them from all others: a row whose text has changed between
  /// two runs is there twice under the id of its key.
  private static Dataset<Row> named(Dataset<Row> output, RunSettings run) {
    ResultColumns results = run.options().results();
    Column id =
        functions.concat(
            ResultNames.column(output, results, "lineage", "row_id"),
            functions.lit(", request "),
            functions.coalesce(
                ResultNames.column(output, results, "lineage", "request_id"),
                functions.lit("none")));
    Column[] others =
        Stream.concat(
                Arrays.stream(run.inputSchema().fieldNames()),
                Stream.of(run.options().output().roundColumn()))
            .map(name -> ResultNames.inputColumn(output, name))
            .toArray(Column[]::new);
    return output.select(
        ResultNames.appended(
            others, ResultNames.all(output, results).withField("lineage.row_id", id), results));
  }

  private Outcome compare(
      Dataset<Row> sampled, Rounds rounds, List<Round> committed, List<RunSettings> runs)
      throws IOException {
    Map<String, Set<Integer>> roundsOfRun = new HashMap<>();
    for (Round round : committed) {
      for (String run : RoundDescription.parse(rounds.description(round)).runs()) {
        roundsOfRun.computeIfAbsent(run, _ -> new HashSet<>()).add(round.number());
      }
    }
    Map<String, String> all = comparable(sampled, runs.getLast().options().results());
    Map<String, String> differing = new HashMap<>();
    Set<String> compared = new HashSet<>();
    for (RunSettings run : runs.reversed()) {
      Set<Integer> its = roundsOfRun.getOrDefault(run.id(), Set.of());
      Dataset<Row> left =
          sampled.where(
              functions
                  .col("`" + rounds.column() + "`")
                  .isInCollection(its)
                  .and(
                      functions.not(
                          ResultNames.column(sampled, run.options().results(), "lineage", "row_id")
                              .isInCollection(compared))));
      if (!its.isEmpty() && compared.size() < all.size() && !left.isEmpty()) {
        Map<String, String> again = again(left, run);
        again.forEach((row, bytes) -> {
          compared.add(row);
          if (!bytes.equals(all.get(row))) {
            differing.put(row, "was %s, is %s".formatted(all.get(row), bytes));
          }
        });
      }
    }
    List<String> changed =
        all.keySet().stream().filter(row -> !compared.contains(row)).sorted().toList();
    return new Outcome(compared.size(), differing, changed);
  }

  /// The rows that a run's settings give the same request id, completed again: row id to what must
  /// be the same.
  private Map<String, String> again(Dataset<Row> rows, RunSettings run) {
    ResultColumns results = run.options().results();
    ModelHandle model = run.options().model(ModelProgress.SILENT);
    if (!model.digest().equals(run.modelDigest())) {
      throw new RefusedException(
          "the model '%s' has digest %s now, and run %s had %s; put back the one it was"
              .formatted(
                  run.options().model().path(), model.digest(), run.id(), run.modelDigest()));
    }
    String key = "glm_row_id";
    Dataset<Row> input =
        rows.select(
            Stream.concat(
                    Arrays.stream(run.inputSchema().fieldNames())
                        .map(name -> ResultNames.inputColumn(rows, name)),
                    Stream.of(ResultNames.column(rows, results, "lineage", "row_id").as(key)))
                .toArray(Column[]::new));
    Generation generation = run.options().generation(model, List.of(key));
    Dataset<Row> plan = generation.plan(input);
    PlanColumns names = PlanColumns.in(plan);
    Dataset<Row> asked =
        rows.select(
            ResultNames.column(rows, results, "lineage", "row_id").as("asked_row"),
            ResultNames.request(rows, results).as("asked_request"));
    Dataset<Row> same =
        plan.join(
            asked,
            ResultNames.inputColumn(plan, names.rowId())
                .equalTo(functions.col("asked_row"))
                .and(
                    ResultNames.inputColumn(plan, names.request())
                        .equalTo(functions.col("asked_request"))),
            "left_semi");
    Dataset<Row> completed =
        generation.complete(same, RowProgress.register(spark.sparkContext()), null).drop(key);
    return comparable(completed, generation.columns());
  }

  private static Map<String, String> comparable(Dataset<Row> rows, ResultColumns results) {
    Column answer =
        ResultNames.all(rows, results)
            .dropFields(CollectionConverters.asScala(List.of("timing", "usage.cached")).toSeq());
    Map<String, String> texts = new HashMap<>();
    rows.select(
            ResultNames.column(rows, results, "lineage", "row_id"),
            functions.to_json(answer, Map.of("ignoreNullFields", "false")))
        .as(Encoders.tuple(Encoders.STRING(), Encoders.STRING()))
        .collectAsList()
        .forEach(row -> texts.put(row._1(), row._2()));
    return texts;
  }
}
