package org.glmspark.udfs;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/// Refuses columns whose type says that they hold no conversation and no tools; what a type cannot
/// say, each row says.
final class ConversationColumns {
  private static final List<String> MESSAGE =
      List.of("role", "content", "name", "tool_calls", "tool_call_id");
  private static final List<String> CALL = List.of("id", "type", "function", "name", "arguments");

  private ConversationColumns() {}

  /// @throws IllegalArgumentException if the column is no text and no array of messages
  static void checkMessages(StructField column) {
    DataType type = column.dataType();
    if (InputColumns.isText(type)) {
      return;
    }
    if (!(type instanceof ArrayType array)
        || !(array.elementType() instanceof StructType message)) {
      throw refused("messages", column, "an array of structs with role and content, or JSON text");
    }
    requireText(column, message, "role");
    for (StructField field : message.fields()) {
      requireKnown(column, field, MESSAGE, "a message");
      if (field.name().equals("tool_calls")) {
        checkCalls(column, field.dataType());
      }
    }
    if (!Arrays.asList(message.fieldNames()).contains("content")) {
      throw refused("messages", column, "a field 'content' in its structs");
    }
  }

  private static void checkCalls(StructField column, DataType type) {
    if (InputColumns.isText(type)
        || !(type instanceof ArrayType array)
        || !(array.elementType() instanceof StructType call)) {
      throw refused("messages", column, "an array of structs as tool_calls");
    }
    for (StructField field : call.fields()) {
      requireKnown(column, field, CALL, "a tool call");
    }
  }

  /// @throws IllegalArgumentException if the column is no text and no array of tools
  static void checkTools(StructField column) {
    DataType type = column.dataType();
    boolean tools =
        InputColumns.isText(type)
            || (type instanceof ArrayType array
                && (array.elementType() instanceof StringType
                    || array.elementType() instanceof StructType));
    if (!tools) {
      throw refused("tools", column, "an array of structs or of JSON texts, or JSON text");
    }
  }

  private static void requireText(StructField column, StructType struct, String name) {
    boolean found =
        Arrays.stream(struct.fields())
            .anyMatch(field -> field.name().equals(name) && field.dataType() instanceof StringType);
    if (!found) {
      throw refused("messages", column, "a field '%s' of text in its structs".formatted(name));
    }
  }

  private static void requireKnown(
      StructField column, StructField field, List<String> known, String what) {
    if (!known.contains(field.name())) {
      throw new IllegalArgumentException(
          "messages column '%s' has the field '%s' in %s, expected no others than %s"
              .formatted(column.name(), field.name(), what, String.join(", ", known)));
    }
  }

  private static IllegalArgumentException refused(
      String purpose, StructField column, String expected) {
    return new IllegalArgumentException(
        "%s column '%s' is %s, expected %s"
            .formatted(purpose, column.name(), column.dataType().simpleString(), expected));
  }
}
