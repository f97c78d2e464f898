package org.glmspark.udfs;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/// What [Generation#plan] puts after the columns of the input, under names that the input has not.
///
/// @param rowId STRING, tells the row from all others, see [RowIds]
/// @param texts ARRAY&lt;STRING&gt;, what the prompt reads
/// @param request STRING, equal for rows with equal completions: the request id, or, if there is
///   nothing to ask, what [#nothingAsked] makes of the row id
/// @param promptTokens INT, the length of the prompt, with all of a text that will be cut into
///   parts
/// @param mostTokens LONG, what prompt and completion may come to; of a text that will be cut into
///   parts, what they and the answers about them may, about
/// @param promptStart LONG, equal for prompts that begin alike
public record PlanColumns(
    String rowId,
    String texts,
    String request,
    String promptTokens,
    String mostTokens,
    String promptStart) {
  private static final int COUNT = PlanColumns.class.getRecordComponents().length;

  /// Stands in `request` for a row that nothing is asked about.
  public static String nothingAsked(String rowId) {
    return "row " + rowId;
  }

  static PlanColumns of(StructType input) {
    return new PlanColumns(
        InputColumns.unused(input, "row_id"),
        InputColumns.unused(input, "prompt_texts"),
        InputColumns.unused(input, "request"),
        InputColumns.unused(input, "prompt_tokens"),
        InputColumns.unused(input, "most_tokens"),
        InputColumns.unused(input, "prompt_start"));
  }

  /// The names in a plan.
  public static PlanColumns in(Dataset<Row> plan) {
    String[] names = plan.columns();
    int first = names.length - COUNT;
    return new PlanColumns(
        names[first],
        names[first + 1],
        names[first + 2],
        names[first + 3],
        names[first + 4],
        names[first + 5]);
  }

  /// The input that a plan was made for.
  public static StructType input(StructType plan) {
    var input = new StructType();
    for (int i = 0; i < plan.length() - COUNT; i++) {
      input = input.add(plan.apply(i));
    }
    return input;
  }

  /// A plan's columns.
  ///
  /// @param named the input's with row id and texts
  StructType append(StructType named) {
    return named
        .add(request, DataTypes.StringType)
        .add(promptTokens, DataTypes.IntegerType)
        .add(mostTokens, DataTypes.LongType)
        .add(promptStart, DataTypes.LongType);
  }
}
