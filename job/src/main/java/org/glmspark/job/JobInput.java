package org.glmspark.job;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.InputOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.udfs.openai.BatchInput;
import org.jspecify.annotations.Nullable;

/// Where a job's rows come from: files, a table of a catalog, or whatever else Spark reads.
///
/// @param spark reads
/// @param options say what
record JobInput(SparkSession spark, InputOptions options) {
  private static final Pattern SQL_STATE = Pattern.compile("\\s+SQLSTATE: \\w+$");

  /// The paths it reads, as far as it is files.
  List<Path> paths() {
    @Nullable String files = options.files();
    return files == null ? List.of() : List.of(new Path(files));
  }

  /// All rows there are.
  ///
  /// @throws RefusedException if there is no such input, or it cannot be read so
  Dataset<Row> rows() throws IOException {
    for (Path path : paths()) {
      requireFiles(path);
    }
    return refusing(this::read);
  }

  private Dataset<Row> read() {
    if (options.isBatch()) {
      return BatchInput.read(spark, Objects.requireNonNull(options.files()), options.options());
    }
    DataFrameReader reader = spark.read().options(options.options());
    if (options.table() != null) {
      return reader.table(options.table());
    }
    reader.format(options.format());
    return options.path() == null ? reader.load() : reader.load(options.path());
  }

  /// The rows that come, as a stream.
  ///
  /// @param schema of the rows that are there
  /// @throws RefusedException if Spark cannot follow such an input
  Dataset<Row> stream(StructType schema) {
    return refusing(() -> {
      DataStreamReader reader = spark.readStream().options(options.options());
      if (options.table() != null) {
        return reader.table(options.table());
      }
      reader.format(options.format());
      if (options.files() != null) { // the other sources know their columns, and refuse to be told
        reader.schema(schema);
      }
      return options.path() == null ? reader.load() : reader.load(options.path());
    });
  }

  private void requireFiles(Path path) throws IOException {
    FileStatus[] found = fileSystem(spark, path).globStatus(path);
    if (found == null || found.length == 0) {
      throw new RefusedException(
          "input '%s' is not there, expected %s files".formatted(path, options.format()));
    }
  }

  /// @throws RefusedException if Spark has no such file system
  static FileSystem fileSystem(SparkSession spark, Path path) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    try {
      return path.getFileSystem(configuration);
    } catch (IOException e) {
      throw new RefusedException(
          "'%s' is on a file system that cannot be used: %s".formatted(path, e.getMessage()), e);
    }
  }

  private Dataset<Row> refusing(Supplier<Dataset<Row>> read) {
    try {
      return read.get();
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      if (e instanceof SparkThrowable || e instanceof IllegalArgumentException) {
        throw new RefusedException("%s: %s".formatted(unreadable(), sentence(e)), e);
      }
      throw e;
    }
  }

  private String unreadable() {
    if (options.table() != null) {
      return "input table '%s' cannot be read".formatted(options.table());
    }
    return options.path() == null
        ? "the input cannot be read as %s".formatted(options.format())
        : "input '%s' cannot be read as %s".formatted(options.path(), options.format());
  }

  /// Whether an input was refused because it is a folder without files, which tell no columns.
  static boolean isWithoutFiles(RefusedException refusal) {
    return refusal.getCause() instanceof SparkThrowable cause
        && "UNABLE_TO_INFER_SCHEMA".equals(cause.getCondition());
  }

  /// What Spark says in its first line, without its code of the kind of failure.
  static String sentence(Exception e) {
    String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return SQL_STATE.matcher(first).replaceAll("");
  }
}
