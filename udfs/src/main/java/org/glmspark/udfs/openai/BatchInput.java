package org.glmspark.udfs.openai;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.is_valid_utf8;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.when;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.StructType;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// The lines of OpenAI batch files as rows, each with a name of its own whatever is wrong with it.
///
/// | column | type | |
/// |---|---|---|
/// | `id` | STRING | the line's `custom_id`; of a line without one, or with that of others, `line ` and its SHA-256 and a number among equal lines |
/// | `request` | STRING | the line |
/// | `uses_of_id` | BIGINT | how many lines have its `custom_id`; 1 without one, 0 if the line is not valid UTF-8 |
public final class BatchInput {
  /// The column that tells a row from all others.
  public static final String ID = "id";

  /// The column with the line.
  public static final String REQUEST = "request";

  /// The column that says whether the line's `custom_id` is its own.
  public static final String USES_OF_ID = "uses_of_id";

  private static final String NAMED_BY_LINE = "^line [0-9a-f]{64}-[0-9]+$";

  private static final StructType LINES =
      new StructType().add("custom_id", "string").add(REQUEST, "string").add("valid", "boolean");

  private BatchInput() {}

  /// Reads files; lines without anything but white space are no requests.
  ///
  /// @param path as Spark takes it
  /// @param options Spark's, for text files
  public static Dataset<Row> read(SparkSession spark, String path, Map<String, String> options) {
    Dataset<Row> lines =
        spark
            .read()
            .options(options)
            .text(path)
            .select(col("value"), is_valid_utf8(col("value")))
            .filter((FilterFunction<Row>) line -> !line.getString(0).isBlank())
            .map((MapFunction<Row, Row>) BatchInput::row, Encoders.row(LINES));
    Column line = col(REQUEST);
    Column customId = col("custom_id");
    Column digest = sha2(line.cast("binary"), 256);
    Column own = customId.isNotNull().and(col(USES_OF_ID).equalTo(1));
    Column number = row_number().over(Window.partitionBy(col("name"), line).orderBy(line));
    return lines
        .withColumn("name", coalesce(concat(lit("id "), customId), concat(lit("line "), digest)))
        .withColumn(
            USES_OF_ID,
            when(col("valid").unary_$bang(), lit(0L))
                .when(customId.isNull(), lit(1L))
                .otherwise(count(lit(1)).over(Window.partitionBy(col("name")))))
        .withColumn(
            ID,
            when(own.and(customId.rlike(NAMED_BY_LINE).unary_$bang()), customId)
                .otherwise(concat(lit("line "), digest, lit("-"), number)))
        .select(ID, REQUEST, USES_OF_ID);
  }

  /// @param line the text and whether it is valid UTF-8
  private static Row row(Row line) {
    String value = line.getString(0);
    boolean valid = line.getBoolean(1);
    String text = value.startsWith("\uFEFF") ? value.substring(1) : value; // a file may begin so
    return RowFactory.create(valid ? BatchLine.customId(text) : null, text, valid);
  }

  /// What a row asks.
  ///
  /// @param texts of [#REQUEST] and [#USES_OF_ID]
  /// @param defaults how tokens are chosen where the line does not say
  public static ChatRequest request(List<@Nullable String> texts, SamplingParameters defaults)
      throws InvalidRequestException {
    String line = Objects.requireNonNullElse(texts.getFirst(), "");
    long usesOfId = Long.parseLong(Objects.requireNonNullElse(texts.get(1), "1"));
    return BatchLine.request(line, usesOfId, defaults);
  }
}
