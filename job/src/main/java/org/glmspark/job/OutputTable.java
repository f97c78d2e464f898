package org.glmspark.job;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.OutputOptions;
import org.glmspark.job.options.RefusedException;
import org.glmspark.udfs.ResultColumns;

/// A table of a catalog that gets the rows of an output too, round by round.
///
/// The output's folder is what a run goes by; the table follows. A catalog need not append in one
/// step, and a run can be killed between the commit of a round and its append, so each append
/// leaves out the rows whose id and request the table has, and each run begins with appending what
/// the folder has. So every row of the folder comes to the table exactly once.
final class OutputTable {
  private final SparkSession spark;
  private final String name;
  private final ResultColumns results;

  private OutputTable(SparkSession spark, String name, ResultColumns results) {
    this.spark = spark;
    this.name = name;
    this.results = results;
  }

  /// A table with the columns of an output; it is made if the catalog has none of that name.
  ///
  /// @param schema of the output's rows
  /// @throws RefusedException if the table has other columns, or cannot be made
  static OutputTable open(
      SparkSession spark,
      String name,
      OutputOptions options,
      StructType schema,
      ResultColumns results) {
    try {
      if (!spark.catalog().tableExists(name)) {
        spark.sql(definition(name, options, schema));
      }
      requireSameColumns(name, spark.table(name).schema(), schema);
    } catch (Exception e) { // Spark throws checked exceptions that its methods do not declare
      if (e instanceof SparkThrowable) {
        throw new RefusedException(
            "output table '%s' cannot be used: %s".formatted(name, JobInput.sentence(e)), e);
      }
      throw e;
    }
    return new OutputTable(spark, name, results);
  }

  private static String definition(String name, OutputOptions options, StructType schema) {
    String partitions =
        options.partitionBy().isEmpty()
            ? ""
            : options.partitionBy().stream()
                .map(ResultNames::quoted)
                .collect(Collectors.joining(", ", " PARTITIONED BY (", ")"));
    return "CREATE TABLE %s (%s) USING %s%s"
        .formatted(name, schema.asNullable().toDDL(), options.format(), partitions);
  }

  private static void requireSameColumns(String name, StructType table, StructType output) {
    if (!byName(table).sameType(byName(output))) {
      throw new RefusedException(
          "output table '%s' has the columns %s, and this run would append rows with %s"
              .formatted(name, table.simpleString(), output.simpleString()));
    }
  }

  private static StructType byName(StructType columns) {
    return new StructType(
            Arrays.stream(columns.fields())
                .map(field ->
                    new StructField(
                        field.name().toLowerCase(Locale.ROOT),
                        field.dataType(),
                        true,
                        Metadata.empty()))
                .sorted(Comparator.comparing(StructField::name))
                .toArray(StructField[]::new))
        .asNullable();
  }

  /// Appends the rows that the table lacks.
  ///
  /// @param rows of the output, with its columns
  void append(Dataset<Row> rows) {
    Dataset<Row> table = spark.table(name);
    Dataset<Row> present =
        table.select(
            ResultNames.column(table, results, "lineage", "row_id").as("present_row"),
            ResultNames.request(table, results).as("present_request"));
    Column same =
        ResultNames.column(rows, results, "lineage", "row_id")
            .equalTo(functions.col("present_row"))
            .and(ResultNames.request(rows, results).equalTo(functions.col("present_request")));
    Dataset<Row> missing =
        rows.join(present, same, "left_anti").select(ResultNames.columns(table.columns()));
    if (!missing.isEmpty()) { // or a catalog may note an append of nothing
      missing.write().insertInto(name);
    }
  }
}
