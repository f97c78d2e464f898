package org.glmspark.udfs;

import java.time.Instant;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Completes one prompt for each row of a dataset.
///
/// @param model what to run
/// @param prompt what to ask about a row
/// @param sampling how to choose tokens and when to stop
/// @param format what form each answer must have; null for any text
/// @param keyColumns the columns that name a row; empty to name rows by their content
/// @param columns the names of the columns added; log-probabilities are among them where `sampling`
///   or a row asks for some
/// @param partitions how many tasks share the rows; 0 for four to each core of the cluster
public record Generation(
    ModelHandle model,
    PromptSource prompt,
    SamplingParameters sampling,
    @Nullable AnswerFormat format,
    List<String> keyColumns,
    ResultColumns columns,
    int partitions) {

  /// Where four tasks to each core stop being worth their start: a cluster of more than a quarter
  /// as many cores.
  private static final int MOST_CHOSEN_PARTITIONS = 4096;

  /// @throws IllegalArgumentException if `partitions` is negative, or there is a format and
  ///   [SamplingParameters#requireWholeAnswers] refuses the parameters
  public Generation {
    if (format != null) {
      sampling.requireWholeAnswers();
    }
    keyColumns = List.copyOf(keyColumns);
    columns = prompt.tellsLogProbabilities(sampling) ? columns.withLogProbabilities() : columns;
    if (partitions < 0) {
      throw new IllegalArgumentException(
          "partitions is %d, expected 0 (chosen by the cluster's size) or more"
              .formatted(partitions));
    }
  }

  /// Answers of any form.
  public Generation(
      ModelHandle model,
      PromptSource prompt,
      SamplingParameters sampling,
      List<String> keyColumns,
      ResultColumns columns,
      int partitions) {
    this(model, prompt, sampling, null, keyColumns, columns, partitions);
  }

  /// Refuses an input that cannot be worked on, from its schema alone.
  ///
  /// @throws IllegalArgumentException for a missing prompt or key column, or a result column that
  ///   clashes
  public void check(StructType input) {
    prompt.check(input);
    keyColumns.forEach(column -> InputColumns.find(input, column, "key"));
    columns.append(input);
  }

  /// The columns of the rows that come out.
  ///
  /// @throws IllegalArgumentException as [#check]
  public StructType outputSchema(StructType input) {
    check(input);
    return columns.append(input);
  }

  /// The input's rows, each with its columns and the result columns; nothing is generated before an
  /// action.
  ///
  /// Key columns are looked through for duplicates at once. Rows are dealt to the tasks by their
  /// id, so the order of the input is not that of the output.
  ///
  /// @throws IllegalArgumentException as [#check], if two rows have the same key, and if the model
  ///   does not fit the executors' memory
  public Dataset<Row> apply(Dataset<Row> input) {
    return complete(named(input, ""), input.schema(), null, null);
  }

  /// The input's rows with the [PlanColumns], for a run that decides what to do when and where.
  /// Else as [#apply].
  public Dataset<Row> plan(Dataset<Row> input) {
    return plan(input, named(input, ""));
  }

  /// As [#plan], for a batch of a stream: equal rows of several batches have ids of their own, and
  /// the same batch has the same ids again.
  ///
  /// @param batch its number
  public Dataset<Row> planBatch(Dataset<Row> input, long batch) {
    return plan(input, named(input, "batch" + batch));
  }

  private Dataset<Row> plan(Dataset<Row> input, Dataset<Row> named) {
    StructType schema = input.schema();
    var task = new PlanPartition(handle(named), prompt, sampling, format, input.columns().length);
    return named.mapPartitions(task, Encoders.row(PlanColumns.of(schema).append(named.schema())));
  }

  /// Rows of a plan, completed: the input's columns and the result columns.
  ///
  /// Every partition is completed by one task, in its order; of rows side by side with the same
  /// request id, one is generated.
  ///
  /// @param progress counts finished rows while tasks run
  /// @param deadline from when on no more rows are begun, or null for never; those that are not,
  ///   are left out
  public Dataset<Row> complete(
      Dataset<Row> planned, RowProgress progress, @Nullable Instant deadline) {
    return complete(planned, PlanColumns.input(planned.schema()), progress, deadline);
  }

  private Dataset<Row> complete(
      Dataset<Row> rows,
      StructType input,
      @Nullable RowProgress progress,
      @Nullable Instant deadline) {
    var task =
        new GeneratePartition(
            handle(rows), prompt, sampling, format, columns, input.length(), progress, deadline);
    return rows.mapPartitions(task, Encoders.row(columns.append(input)));
  }

  private Broadcast<ModelHandle> handle(Dataset<Row> rows) {
    SparkContext spark = rows.sparkSession().sparkContext();
    return JavaSparkContext.fromSparkContext(spark).broadcast(model);
  }

  /// How many tasks share rows: as many as [#partitions] says, or as the cluster's size makes
  /// sensible.
  public int tasks(SparkSession session) {
    return partitions == 0 ? chosenPartitions(session.sparkContext()) : partitions;
  }

  private static int chosenPartitions(SparkContext spark) {
    int cores = spark.defaultParallelism();
    return Math.max(cores, Math.min(4 * cores, MOST_CHOSEN_PARTITIONS));
  }

  /// The rows as [GeneratePartition] takes them: with their ids and the texts the prompt reads.
  ///
  /// @param batch tells ids of rows without key from those of other batches
  private Dataset<Row> named(Dataset<Row> input, String batch) {
    check(input.schema());
    model.requireMemory(input.sparkSession().sparkContext().conf());
    PlanColumns names = PlanColumns.of(input.schema());
    Dataset<Row> named =
        RowIds.append(input, keyColumns, batch, names.rowId(), tasks(input.sparkSession()));
    Column[] texts =
        prompt.columns().stream()
            .map(column -> InputColumns.text(named, column))
            .toArray(Column[]::new);
    return named.withColumn(names.texts(), functions.array(texts));
  }
}
