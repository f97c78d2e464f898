package org.glmspark.udfs;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/// Finds the columns that settings name, and says what is wrong where they are not there.
final class InputColumns {
  private InputColumns() {}

  /// The column of this name that has a string form; letter case does not matter, as in Spark.
  ///
  /// @param purpose what the column is for, for the message: `prompt`
  /// @throws IllegalArgumentException if there is none, or several, or it is an array, map or
  ///   struct
  static StructField find(StructType input, String name, String purpose) {
    StructField field = named(input, name, purpose);
    if (!isText(field.dataType())) {
      throw new IllegalArgumentException(
          "%s column '%s' is %s, expected text, a number, a date or the like; make it text first, "
                  .formatted(purpose, field.name(), field.dataType().simpleString())
              + "for example with to_json");
    }
    return field;
  }

  /// The column of this name, of any type; else as [#find].
  static StructField named(StructType input, String name, String purpose) {
    List<StructField> found =
        Arrays.stream(input.fields()).filter(field -> field.name().equalsIgnoreCase(name)).toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "%s column '%s' is not in the input, which has %s%s"
              .formatted(purpose, name, String.join(", ", input.fieldNames()), hint(input, name)));
    }
    if (found.size() > 1) {
      throw new IllegalArgumentException(
          "%s column '%s' is in the input %d times; rename all but one"
              .formatted(purpose, name, found.size()));
    }
    return found.getFirst();
  }

  static boolean isText(DataType type) {
    return !(type instanceof ArrayType || type instanceof MapType || type instanceof StructType);
  }

  private static String hint(StructType input, String name) {
    @Nullable String nearest = NearestName.of(name, List.of(input.fieldNames()));
    return nearest == null ? "" : "; did you mean '%s'?".formatted(nearest);
  }

  /// A column of a dataset by its plain name, dots and backquotes included.
  static Column column(Dataset<Row> input, String name) {
    return input.col(quoted(name));
  }

  /// A column as text: arrays, maps and structs as JSON.
  static Column text(Dataset<Row> input, String name) {
    Column column = column(input, name);
    DataType type = named(input.schema(), name, "prompt").dataType();
    return isText(type) ? column.cast(DataTypes.StringType) : functions.to_json(column);
  }

  /// All columns of a dataset, in order.
  static Column[] all(Dataset<Row> input) {
    return Arrays.stream(input.columns()).map(name -> column(input, name)).toArray(Column[]::new);
  }

  /// A name for a column that is there only while rows are prepared, unlike every name of the
  /// input.
  static String unused(StructType input, String name) {
    String unused = name;
    while (containsName(input, unused)) {
      unused += "_";
    }
    return unused;
  }

  /// Whether a column of this name is there, letter case aside.
  static boolean containsName(StructType input, String name) {
    return Arrays.stream(input.fieldNames()).anyMatch(name::equalsIgnoreCase);
  }

  private static String quoted(String name) {
    return "`" + name.replace("`", "``") + "`";
  }
}
