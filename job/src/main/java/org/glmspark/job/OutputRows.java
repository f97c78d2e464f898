package org.glmspark.job;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.OutputOptions;
import org.glmspark.job.output.Round;
import org.glmspark.job.output.Rounds;

/// How the rows of an output are stored, and read again.
///
/// @param spark reads and writes
/// @param options format, partitions and size of files
/// @param schema of a row, without the number of its round
record OutputRows(SparkSession spark, OutputOptions options, StructType schema) {

  /// Writes rows into a folder that exists and has none.
  ///
  /// Tasks write as they complete rows. Where files must have another size, or lie in folders by
  /// columns, they are arranged afterwards, which takes no engine.
  void write(Dataset<Row> rows, Rounds rounds, Path staged) throws IOException {
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
    return spark.read().schema(schema).format(format()).load(staged.toString());
  }

  /// The rows of some rounds, with the number of the round as the last column.
  Dataset<Row> read(Rounds rounds, List<Round> some) {
    StructType all = schema.add(rounds.column(), DataTypes.IntegerType);
    return spark
        .read()
        .schema(all)
        .format(format())
        .option("basePath", rounds.folder().toString())
        .load(some.stream().map(round -> round.folder().toString()).toArray(String[]::new))
        .select(ResultNames.columns(all.fieldNames()));
  }

  private String format() {
    return OptionKeys.constant(options.format());
  }
}
