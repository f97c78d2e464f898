package org.glmspark.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.output.Round;
import org.glmspark.job.output.Rounds;
import org.glmspark.udfs.Generation;
import org.glmspark.udfs.PlanColumns;
import org.glmspark.udfs.RowProgress;
import org.jspecify.annotations.Nullable;

/// The work of a run: rows in, rounds out.
///
/// ```
/// plan ──▶ RowsToDo ─┬─ answers that the output has ──────────────────────────────▶ a round
///                    └─ requests, some at a time ──▶ RoundPlan ──▶ Generation ──▶ rounds
/// ```
final class RoundWork {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Generation generation;
  private final OutputRows outputRows;
  private final Rounds rounds;
  private final RunSettings settings;
  private final RowProgress progress;
  private final @Nullable Instant deadline;
  private final TokenBudget budget;
  private final RoundSize size;
  private final int tasks;

  private final List<Round> before;

  private Totals totals = Totals.NONE;
  private int committed;
  private long rowsLeft;
  private @Nullable String stopped;

  /// @param rounds of the output, which nobody else writes
  /// @param deadline from when on no more rows are begun, or null for never
  RoundWork(
      Generation generation,
      OutputRows outputRows,
      Rounds rounds,
      RunSettings settings,
      RowProgress progress,
      @Nullable Instant deadline)
      throws IOException {
    this.generation = generation;
    this.outputRows = outputRows;
    this.rounds = rounds;
    this.settings = settings;
    this.progress = progress;
    this.deadline = deadline;
    JobOptions options = settings.options();
    this.budget =
        new TokenBudget(options.limits(), options.sampling().parameters().maxTokens());
    this.size =
        new RoundSize(
            options.output(), outputRows.spark().sparkContext().defaultParallelism());
    this.tasks = generation.tasks(outputRows.spark());
    this.before = rounds.committed();
  }

  /// The rows of a plan that the output has not.
  RowsToDo missing(Dataset<Row> plan) {
    Dataset<Row> output = before.isEmpty() ? null : outputRows.read(rounds, before);
    return new RowsToDo(plan, output, generation.columns());
  }

  /// Completes rows and adds them to the output.
  ///
  /// @param rows that the output has not
  void add(RowsToDo rows) throws IOException {
    addKnown(rows);
    addGenerated(rows);
    finish(rows.count());
    if (stopped == null && rounds.committed().isEmpty()) {
      addNothing();
    }
  }

  private void addKnown(RowsToDo rows) throws IOException {
    Dataset<Row> known = rows.known();
    if (known != null) {
      Path staged = rounds.stage();
      outputRows.write(known, rounds, staged);
      commit(staged, Instant.now());
    }
  }

  private void addGenerated(RowsToDo rows) throws IOException {
    String last = "";
    while (stopped == null) {
      List<RoundPlan.Request> wanted = rows.requestsAfter(last, size.next());
      Instant began = Instant.now();
      List<RoundPlan.Request> requests = begin(wanted);
      if (requests.isEmpty()) {
        return;
      }
      Path staged = rounds.stage();
      outputRows.write(complete(rows, requests), rounds, staged);
      commit(staged, began);
      size.took(requests.size(), Duration.between(began, Instant.now()));
      last = requests.getLast().key();
    }
  }

  /// Counts what is left of the rows there were to do.
  private void finish(long toDo) {
    rowsLeft = toDo - totals.rows();
    if (rowsLeft > 0 && stopped == null) {
      stopped = deadlineHasCome();
    }
  }

  private String deadlineHasCome() {
    return "the deadline, %s, has come".formatted(deadline);
  }

  /// Gives an output without rows its columns, so that it can be read.
  private void addNothing() throws IOException {
    Path staged = rounds.stage();
    Dataset<Row> none =
        outputRows.spark().createDataFrame(List.of(), outputRows.schema()).coalesce(1);
    outputRows.write(none, rounds, staged);
    rounds.commit(staged, description(Set.of(settings.id()), Totals.NONE, Instant.now()));
  }

  /// Completes the failed rows of the output again and puts what comes of it in their place, round
  /// by round.
  ///
  /// @param plan of the whole input; rows of the output that it lacks stay as they are
  void retryFailed(Dataset<Row> plan) throws IOException {
    PlanColumns names = PlanColumns.in(plan);
    Dataset<Row> output = outputRows.read(rounds, before);
    Dataset<Row> failed = // a row that failed with two requests is retried where it failed last
        output
            .where(column(output, "error").isNotNull())
            .groupBy(column(output, "lineage", "row_id").as("failed_row"))
            .agg(functions.max(ResultNames.inputColumn(output, rounds.column())).as("failed_round"))
            .persist(StorageLevel.MEMORY_AND_DISK());
    Dataset<Row> retried =
        plan.join(
                failed.select("failed_row"),
                ResultNames.inputColumn(plan, names.rowId()).equalTo(functions.col("failed_row")),
                "left_semi")
            .persist(StorageLevel.DISK_ONLY());
    try {
      for (Round round : before) {
        Dataset<Row> ids =
            failed.where(functions.col("failed_round").equalTo(round.number())).select("failed_row");
        if (stopped == null && !ids.isEmpty()) {
          Dataset<Row> ofRound =
              retried.join(
                  ids,
                  ResultNames.inputColumn(retried, names.rowId())
                      .equalTo(functions.col("failed_row")),
                  "left_semi");
          try (var rows = new RowsToDo(ofRound, null, generation.columns())) {
            retry(round, rows);
          }
        }
      }
      finish(retried.count());
    } finally {
      retried.unpersist();
      failed.unpersist();
    }
  }

  private void retry(Round round, RowsToDo rows) throws IOException {
    Instant began = Instant.now();
    List<RoundPlan.Request> requests = begin(rows.requestsAfter("", Integer.MAX_VALUE));
    if (requests.isEmpty()) {
      return;
    }
    Path staged = rounds.stage();
    outputRows.write(complete(rows, requests), rounds, staged);
    Dataset<Row> completed = outputRows.read(staged);
    Totals written = Totals.of(completed, generation.columns());
    Dataset<Row> before = outputRows.read(rounds, List.of(round)).drop(rounds.column());
    Dataset<Row> kept =
        before.join(
            completed.select(column(completed, "lineage", "row_id").as("retried_row")),
            column(before, "error")
                .isNotNull()
                .and(column(before, "lineage", "row_id").equalTo(functions.col("retried_row"))),
            "left_anti");
    Path successor = rounds.stage();
    outputRows.write(kept.unionByName(completed), rounds, successor);
    Set<String> runs = runs(round);
    runs.add(settings.id());
    rounds.replace(round, successor, description(runs, written, began));
    rounds.discard(staged);
    count(written);
  }

  private Column column(Dataset<Row> output, String name, String... fields) {
    return ResultNames.column(output, generation.columns(), name, fields);
  }

  private Set<String> runs(Round round) throws IOException {
    Set<String> runs = new TreeSet<>();
    JSON.readTree(rounds.description(round)).path("runs").forEach(run -> runs.add(run.asText()));
    return runs;
  }

  /// Those requests that the limits allow; if not all, this is the last round.
  private List<RoundPlan.Request> begin(List<RoundPlan.Request> wanted) {
    if (wanted.isEmpty()) {
      return List.of();
    }
    if (deadline != null && !Instant.now().isBefore(deadline)) {
      stopped = deadlineHasCome();
      return List.of();
    }
    List<RoundPlan.Request> affordable = budget.affordable(wanted);
    if (affordable.isEmpty()) {
      stopped =
          "%,d tokens are spent, and the next row could exceed limits.max-tokens, %,d"
              .formatted(totals.generatedTokens(), settings.options().limits().maxTokens());
    }
    return affordable;
  }

  private Dataset<Row> complete(RowsToDo rows, List<RoundPlan.Request> requests) {
    int shares = Math.min(tasks, requests.size());
    Dataset<Row> dealt = rows.dealt(RoundPlan.deal(requests, shares), shares);
    return generation.complete(dealt, progress, deadline);
  }

  /// Puts staged rows into the output, unless there are none.
  private void commit(Path staged, Instant began) throws IOException {
    Totals written = Totals.of(outputRows.read(staged), generation.columns());
    if (written.rows() == 0) { // the deadline was faster
      rounds.discard(staged);
      return;
    }
    rounds.commit(staged, description(Set.of(settings.id()), written, began));
    count(written);
  }

  private void count(Totals written) {
    totals = totals.plus(written);
    budget.spend(written);
    committed++;
  }

  private static byte[] description(Set<String> runs, Totals written, Instant began) {
    ObjectNode round = JsonNodeFactory.instance.objectNode();
    runs.forEach(round.putArray("runs")::add);
    round.put("rows", written.rows());
    round.put("seconds", Duration.between(began, Instant.now()).toMillis() / 1e3);
    return RunSettings.bytes(round);
  }

  /// What came of the work.
  ///
  /// @param took how long all of it took
  RunResult result(Duration took) {
    return new RunResult(
        settings,
        progress.distinctKernels(),
        took,
        before.isEmpty() ? 0 : outputRows.read(rounds, before).count(),
        rowsLeft,
        stopped,
        committed,
        totals);
  }

  /// The rows of the rounds that the run wrote.
  Dataset<Row> written() throws IOException {
    List<Round> written = new ArrayList<>();
    for (Round round : rounds.committed()) {
      if (runs(round).contains(settings.id())) {
        written.add(round);
      }
    }
    return written.isEmpty()
        ? outputRows.spark().createDataFrame(List.of(), outputRows.schema())
        : outputRows.read(rounds, written);
  }

  /// All rows of the output.
  Dataset<Row> output() throws IOException {
    return outputRows.read(rounds, rounds.committed());
  }
}
