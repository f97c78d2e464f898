package org.glmspark.job;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OutputOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.Round;
import org.glmspark.job.output.RoundWriter;
import org.glmspark.job.output.Rounds;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.openai.BatchOutput;
import org.jspecify.annotations.Nullable;

/// How the rows of an output are stored, and read again.
///
/// @param spark reads and writes
/// @param options format, partitions and size of files
/// @param schema of a row, without the number of its round
/// @param batch makes the lines of a batch's output, or null if the rows themselves are the output
record OutputRows(
    SparkSession spark, OutputOptions options, StructType schema, @Nullable BatchOutput batch) {
  /// Where in a round the rows are that lines were made of, out of sight of who reads the lines.
  private static final String ROWS_OF_LINES = "_glm/rows";

  /// Formats that take every row that can be completed.
  private static final Set<String> TESTED = Set.of("parquet", "json", "orc");

  /// The rows of a job.
  ///
  /// @param model that completed them, or is going to
  static OutputRows of(SparkSession spark, JobOptions job, StructType schema, ModelHandle model) {
    OutputOptions options = job.output();
    return new OutputRows(
        spark,
        options,
        schema,
        options.isBatch() ? new BatchOutput(model, job.sampling().parameters()) : null);
  }

  /// @throws RefusedException if Spark cannot write such rows in the format
  void requireWritable(RoundWriter rounds) throws IOException {
    if (TESTED.contains(format())) {
      return;
    }
    Path staged = rounds.stage();
    try {
      writer(spark.createDataFrame(List.of(), schema)).save(staged.toString());
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      if (e instanceof SparkThrowable) {
        throw new RefusedException(
            "the output cannot be written as %s: %s".formatted(format(), JobInput.sentence(e)), e);
      }
      throw e;
    } finally {
      rounds.discard(staged);
    }
  }

  /// Writes rows into a folder that exists and has none.
  ///
  /// Tasks write as they complete rows. Where files must have another size, or lie in folders by
  /// columns, they are arranged afterwards, which takes no engine. Lines of a batch's output are
  /// made of rows that are written first.
  void write(Dataset<Row> rows, RoundWriter rounds, Path staged) throws IOException {
    if (batch != null) {
      writer(rows).save(rowsOf(staged));
      batch.lines(read(staged)).write().mode(SaveMode.Append).text(staged.toString());
      return;
    }
    if (options.partitionBy().isEmpty() && options.rowsPerFile() == 0) {
      writer(rows).save(staged.toString());
      return;
    }
    Path unarranged = rounds.stage();
    writer(rows).save(unarranged.toString());
    Dataset<Row> written = read(unarranged);
    DataFrameWriter<Row> arranged = writer(gathered(written));
    if (!options.partitionBy().isEmpty()) {
      arranged.partitionBy(options.partitionBy().toArray(String[]::new));
    }
    if (options.rowsPerFile() > 0) {
      arranged.option("maxRecordsPerFile", options.rowsPerFile());
    }
    arranged.save(staged.toString());
    rounds.discard(unarranged);
  }

  private Dataset<Row> gathered(Dataset<Row> written) {
    if (options.rowsPerFile() == 0) {
      return written;
    }
    long files = Math.ceilDiv(Math.max(1, written.count()), options.rowsPerFile());
    return written.coalesce((int) Math.min(files, Integer.MAX_VALUE));
  }

  private DataFrameWriter<Row> writer(Dataset<Row> rows) {
    return rows.write().mode(SaveMode.Append).format(format());
  }

  /// The rows of a folder that was staged.
  Dataset<Row> read(Path staged) {
    return spark.read().schema(schema).format(format()).load(rowsOf(staged));
  }

  /// The rows of some rounds, with the number of the round as the last column.
  Dataset<Row> read(Rounds rounds, List<Round> some) {
    StructType all = schema.add(rounds.column(), DataTypes.IntegerType);
    if (some.isEmpty()) {
      return spark.createDataFrame(List.of(), all);
    }
    return spark
        .read()
        .schema(all)
        .format(format())
        .option("basePath", rounds.folder().toString())
        .load(some.stream().map(round -> rowsOf(round.folder())).toArray(String[]::new))
        .select(ResultNames.columns(all.fieldNames()));
  }

  private String rowsOf(Path folder) {
    return (batch == null ? folder : new Path(folder, ROWS_OF_LINES)).toString();
  }

  private String format() {
    return batch == null ? options.format() : "parquet";
  }
}
