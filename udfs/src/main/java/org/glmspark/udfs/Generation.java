package org.glmspark.udfs;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.glmspark.sampling.SamplingParameters;

/// Completes one prompt for each row of a dataset.
///
/// @param model what to run
/// @param prompt what to ask about a row
/// @param sampling how to choose tokens and when to stop
/// @param keyColumns the columns that name a row; empty to name rows by their content
/// @param columns the names of the columns added
/// @param partitions how many tasks share the rows; 0 for four to each core
public record Generation(
    ModelHandle model,
    PromptSource prompt,
    SamplingParameters sampling,
    List<String> keyColumns,
    ResultColumns columns,
    int partitions) {

  public Generation {
    keyColumns = List.copyOf(keyColumns);
    if (partitions < 0) {
      throw new IllegalArgumentException(
          "partitions is %d, expected 0 (chosen by the cluster's size) or more"
              .formatted(partitions));
    }
  }

  /// Refuses an input that cannot be worked on, from its schema alone.
  ///
  /// @throws IllegalArgumentException for a missing prompt or key column, or a result column that clashes
  public void check(StructType input) {
    throw new UnsupportedOperationException(input.simpleString());
  }

  /// The input's rows, each with its columns and the result columns; nothing is generated before an action.
  ///
  /// @throws IllegalArgumentException as [#check], and if two rows have the same key
  public Dataset<Row> apply(Dataset<Row> input) {
    throw new UnsupportedOperationException(input.schema().simpleString());
  }

  /// As [#apply(Dataset)], counting finished rows while tasks run.
  public Dataset<Row> apply(Dataset<Row> input, RowProgress progress) {
    throw new UnsupportedOperationException(input.schema().simpleString() + progress);
  }
}
