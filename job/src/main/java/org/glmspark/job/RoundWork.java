package org.glmspark.job;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongFunction;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.functions;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.output.Round;
import org.glmspark.job.output.RoundWriter;
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
  private static final String JOB_DESCRIPTION = "spark.job.description";

  /// The columns of rows to retry: what a plan says of them, and the round they failed in.
  private static final String PLANNED = "planned";

  private static final String FAILED_ROUND = "failed_round";

  private final Generation generation;
  private final OutputRows outputRows;
  private final RoundWriter writer;
  private final @Nullable OutputTable table;
  private final Rounds rounds;
  private final RunSettings settings;
  private final RowProgress progress;
  private final @Nullable Instant deadline;
  private final TokenBudget budget;
  private final RoundSize size;
  private final int tasks;

  private final List<Round> before;

  /// Where the rows that were retried are staged still, after they have gone into rounds.
  private final List<Path> retriedRows = new ArrayList<>();

  private Totals totals = Totals.NONE;
  private int committed;
  private long rowsLeft;
  private boolean unaffordable;
  private @Nullable String stopped;

  /// @param writer of the output, which nobody else writes
  /// @param table that gets the rows too, or null for none
  /// @param deadline from when on no more rows are begun, or null for never
  RoundWork(
      Generation generation,
      OutputRows outputRows,
      RoundWriter writer,
      @Nullable OutputTable table,
      RunSettings settings,
      RowProgress progress,
      @Nullable Instant deadline)
      throws IOException {
    this.generation = generation;
    this.outputRows = outputRows;
    this.writer = writer;
    this.table = table;
    this.rounds = writer.rounds();
    this.settings = settings;
    this.progress = progress;
    this.deadline = deadline;
    JobOptions options = settings.options();
    this.budget = new TokenBudget(options.limits());
    this.size =
        new RoundSize(options.output(), outputRows.spark().sparkContext().defaultParallelism());
    this.tasks = generation.tasks(outputRows.spark());
    this.before = rounds.committed();
  }

  /// The rows of a plan that the output has not.
  RowsToDo missing(Dataset<Row> plan) throws IOException {
    List<Round> present = rounds.committed();
    Dataset<Row> output = present.isEmpty() ? null : outputRows.read(rounds, present);
    return new RowsToDo(plan, output, generation.columns());
  }

  /// Completes rows and adds them to the output.
  ///
  /// @param rows that the output has not
  /// @param line shows how far that is, given the number of rows to generate
  void add(RowsToDo rows, LongFunction<ProgressLine> line) throws IOException {
    long done = totals.rows();
    addKnown(rows);
    try (var _ = line.apply(rows.unanswered())) {
      addGenerated(rows);
    }
    finish(rows.count() - (totals.rows() - done));
  }

  private void addKnown(RowsToDo rows) throws IOException {
    Dataset<Row> known = rows.known();
    if (known != null) {
      Path staged = writer.stage();
      outputRows.write(known, writer, staged);
      commit(staged, Instant.now());
    }
  }

  private void addGenerated(RowsToDo rows) throws IOException {
    String last = "";
    List<RoundPlan.Request> next = List.of(); // of several rounds: to sort them takes time
    while (stopped == null) {
      if (next.isEmpty()) {
        next = rows.requestsAfter(last, RoundSize.MOST_REQUESTS);
      }
      List<RoundPlan.Request> wanted = size.take(next);
      Instant began = Instant.now();
      List<RoundPlan.Request> requests = begin(wanted);
      if (requests.isEmpty()) {
        return;
      }
      commit(complete(rows, requests), began);
      size.took(requests, Duration.between(began, Instant.now()));
      last = wanted.getLast().key();
      next = next.subList(wanted.size(), next.size());
    }
  }

  private void finish(long left) {
    rowsLeft += left;
    if (left > 0 && stopped == null) {
      stopped = unaffordable ? tokensAreSpent() : deadlineHasCome();
    }
  }

  private String deadlineHasCome() {
    return "the deadline, %s, has come".formatted(deadline);
  }

  /// Whether the limits allow no more.
  boolean isStopped() {
    return stopped != null;
  }

  /// Gives an output without rows its columns, so that it can be read.
  void addColumns() throws IOException {
    if (isStopped() || !rounds.committed().isEmpty()) {
      return;
    }
    Path staged = writer.stage();
    Dataset<Row> none =
        outputRows.spark().createDataFrame(List.of(), outputRows.schema()).coalesce(1);
    outputRows.write(none, writer, staged);
    writer.commit(staged, description(Set.of(settings.id()), Totals.NONE, Instant.now()));
  }

  /// Completes the failed rows of the output again and puts what comes of it in their place, round
  /// by round.
  ///
  /// @param plan of the whole input; rows of the output that it lacks stay as they are
  /// @param line as for [#add]
  void retryFailed(Dataset<Row> plan, LongFunction<ProgressLine> line) throws IOException {
    Path staged = writer.stage();
    try {
      Dataset<Row> failed = stageFailed(plan, staged);
      Map<Integer, Long> counts = new HashMap<>();
      for (Row row : failed.groupBy(FAILED_ROUND).count().collectAsList()) {
        counts.put(row.getInt(0), row.getLong(1));
      }
      long left = 0;
      try (var _ = line.apply(counts.values().stream().mapToLong(Long::longValue).sum())) {
        for (Round round : before) {
          long count = counts.getOrDefault(round.number(), 0L);
          if (count > 0 && stopped == null) {
            Dataset<Row> ofRound =
                failed
                    .where(functions.col(FAILED_ROUND).equalTo(round.number()))
                    .select(PLANNED + ".*");
            try (var rows = new RowsToDo(ofRound, succeeded(ofRound), generation.columns())) {
              left += rows.count() - retry(round, rows);
            }
          } else {
            left += count;
          }
        }
      }
      finish(left);
    } finally {
      writer.discard(staged);
    }
  }

  /// Writes what a plan says of the failed rows of the output, so that it stays when their rounds
  /// are replaced.
  ///
  /// @return rows of a plan's row, in a struct, and the round that it failed in
  private Dataset<Row> stageFailed(Dataset<Row> plan, Path staged) {
    Dataset<Row> output = outputRows.read(rounds, before);
    Dataset<Row> failed = // a row that failed with two requests is retried where it failed last
        output
            .where(column(output, "error").isNotNull())
            .groupBy(column(output, "lineage", "row_id").as("failed_row"))
            .agg(functions.max(ResultNames.inputColumn(output, rounds.column())).as(FAILED_ROUND));
    Column rowId = ResultNames.inputColumn(plan, PlanColumns.in(plan).rowId());
    Dataset<Row> planned =
        plan.join(failed, rowId.equalTo(functions.col("failed_row")))
            .select(
                functions
                    .struct(
                        Arrays.stream(plan.columns())
                            .map(name -> ResultNames.inputColumn(plan, name))
                            .toArray(Column[]::new))
                    .as(PLANNED),
                functions.col(FAILED_ROUND));
    planned.write().mode(SaveMode.Append).parquet(staged.toString());
    return outputRows.spark().read().schema(planned.schema()).parquet(staged.toString());
  }

  /// The rows of the output that answer what rows of a plan ask.
  private Dataset<Row> succeeded(Dataset<Row> plan) throws IOException {
    Dataset<Row> output = outputRows.read(rounds, rounds.committed());
    Dataset<Row> asked =
        plan.select(
                ResultNames.inputColumn(plan, PlanColumns.in(plan).request()).as("asked_request"))
            .distinct();
    return output
        .where(column(output, "error").isNull())
        .join(
            functions.broadcast(asked),
            ResultNames.request(output, generation.columns())
                .equalTo(functions.col("asked_request")),
            "left_semi");
  }

  /// @return how many rows were completed
  private long retry(Round round, RowsToDo rows) throws IOException {
    Instant began = Instant.now();
    List<Path> staged = new ArrayList<>();
    Dataset<Row> known = rows.known();
    if (known != null) {
      Path answered = writer.stage();
      outputRows.write(known, writer, answered);
      staged.add(answered);
    }
    List<RoundPlan.Request> requests = begin(rows.requestsAfter("", Integer.MAX_VALUE));
    if (!requests.isEmpty()) {
      staged.add(complete(rows, requests));
    }
    Dataset<Row> completed =
        staged.stream().map(outputRows::read).reduce(Dataset::unionByName).orElseThrow();
    Totals written = Totals.of(completed, generation.columns());
    retriedRows.addAll(staged);
    if (written.rows() == 0) { // the deadline was faster
      return 0;
    }
    Dataset<Row> before = outputRows.read(rounds, List.of(round)).drop(rounds.column());
    Dataset<Row> kept =
        before.join(
            completed.select(column(completed, "lineage", "row_id").as("retried_row")),
            column(before, "error")
                .isNotNull()
                .and(column(before, "lineage", "row_id").equalTo(functions.col("retried_row"))),
            "left_anti");
    Path successor = writer.stage();
    outputRows.write(kept.unionByName(completed), writer, successor);
    Set<String> runs = new TreeSet<>(RoundDescription.parse(rounds.description(round)).runs());
    runs.add(settings.id());
    writer.replace(round, successor, description(runs, written, began));
    count(written);
    return written.rows();
  }

  private Column column(Dataset<Row> output, String name, String... fields) {
    return ResultNames.column(output, generation.columns(), name, fields);
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
    unaffordable |= affordable.size() < wanted.size();
    if (affordable.isEmpty()) {
      stopped = tokensAreSpent();
    }
    return affordable;
  }

  private String tokensAreSpent() {
    return "%,d tokens are spent, and another row could exceed limits.max-tokens, %,d"
        .formatted(totals.generatedTokens(), settings.options().limits().maxTokens());
  }

  /// Completes the rows of requests, as one job in Spark's UI that says which.
  ///
  /// @return where they are staged
  private Path complete(RowsToDo rows, List<RoundPlan.Request> requests) throws IOException {
    int shares = Math.min(tasks, requests.size());
    Dataset<Row> dealt = rows.dealt(RoundPlan.deal(requests, shares), shares);
    Path staged = writer.stage();
    SparkContext context = outputRows.spark().sparkContext();
    String before = context.getLocalProperty(JOB_DESCRIPTION); // a stream has its own
    context.setJobDescription("round %d: %,d requests".formatted(committed + 1, requests.size()));
    try {
      outputRows.write(generation.complete(dealt, progress, deadline), writer, staged);
    } finally {
      context.setJobDescription(before);
    }
    return staged;
  }

  /// Puts staged rows into the output, unless there are none.
  private void commit(Path staged, Instant began) throws IOException {
    Totals written = Totals.of(outputRows.read(staged), generation.columns());
    if (written.rows() == 0) { // the deadline was faster
      writer.discard(staged);
      return;
    }
    Round round = writer.commit(staged, description(Set.of(settings.id()), written, began));
    count(written);
    append(List.of(round));
  }

  /// Appends to the table what rounds of earlier runs have and it has not.
  void completeTable() {
    if (!before.isEmpty()) {
      append(before);
    }
  }

  private void append(List<Round> committed) {
    if (table != null) {
      table.append(outputRows.read(rounds, committed).drop(rounds.column()));
    }
  }

  private void count(Totals written) {
    totals = totals.plus(written);
    budget.spend(written);
    committed++;
  }

  private static byte[] description(Set<String> runs, Totals written, Instant began) {
    var seconds = Duration.between(began, Instant.now()).toMillis() / 1e3;
    return new RoundDescription(List.copyOf(runs), written.rows(), seconds).json();
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

  /// The rows that the run wrote.
  Dataset<Row> written() throws IOException {
    if (settings.scope() == JobRun.Scope.FAILED_ROWS) {
      return retriedRows.stream()
          .map(outputRows::read)
          .reduce(Dataset::unionByName)
          .orElseGet(() -> outputRows.read(rounds, List.of()));
    }
    List<Round> written = new ArrayList<>();
    for (Round round : rounds.committed()) {
      if (RoundDescription.parse(rounds.description(round)).runs().contains(settings.id())) {
        written.add(round);
      }
    }
    return outputRows.read(rounds, written);
  }

  /// Removes what [#written] needs besides the output.
  void discardRetried() throws IOException {
    for (Path staged : retriedRows) {
      writer.discard(staged);
    }
  }

  /// All rows of the output.
  Dataset<Row> output() throws IOException {
    return outputRows.read(rounds, rounds.committed());
  }
}
