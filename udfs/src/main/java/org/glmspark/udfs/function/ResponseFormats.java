package org.glmspark.udfs.function;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.ShortType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;
import org.glmspark.grammar.AnswerFormat;
import org.jspecify.annotations.Nullable;

/// Reads `responseFormat` of `ai_query`.
final class ResponseFormats {
  private ResponseFormats() {}

  /// The form that answers must have, or null for any.
  static @Nullable AnswerFormat of(String text) {
    String format = text.strip();
    if (format.equals("text")) {
      return null;
    }
    if (format.startsWith("{")) {
      try {
        return AnswerFormat.parse(format);
      } catch (IllegalArgumentException e) {
        throw AiCondition.UNSUPPORTED_RESPONSE_FORMAT_JSON_STRING.refusal(
            "The response format of ai_query is not supported: %s.".formatted(e.getMessage()));
      }
    }
    String schema = schema(outerStruct(format)).toString();
    try {
      return new AnswerFormat.JsonSchema(schema);
    } catch (IllegalArgumentException e) { // too large, or no Unicode
      throw unsupported(format, "is not supported: " + e.getMessage());
    }
  }

  /// The struct that is the only field of a DDL string, `r STRUCT<...>` or `STRUCT<r:
  /// STRUCT<...>>`; its name is of no use to anybody.
  private static StructType outerStruct(String ddl) {
    DataType type;
    try {
      type = parsed(ddl);
    } catch (ParseException e) {
      String why =
          String.valueOf(e.getMessage()).lines().filter(l -> !l.isBlank()).findFirst().orElse("");
      throw unsupported(ddl, "is no DDL and no JSON: " + why);
    }
    if (!(type instanceof StructType outer)
        || outer.length() != 1
        || !(outer.fields()[0].dataType() instanceof StructType struct)) {
      throw unsupported(ddl, "must have one field, of type STRUCT");
    }
    return struct;
  }

  /// Scala declares no exceptions, so Java does not expect this one.
  private static DataType parsed(String ddl) throws ParseException {
    return DataType.fromDDL(ddl);
  }

  private static ObjectNode schema(StructType struct) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("type", "object");
    properties(struct, schema);
    return schema;
  }

  private static void properties(StructType struct, ObjectNode schema) {
    ObjectNode properties = schema.putObject("properties");
    ArrayNode required = schema.putArray("required");
    for (StructField field : struct.fields()) {
      properties.set(field.name(), schema(field.dataType(), field.nullable()));
      required.add(field.name());
    }
  }

  private static ObjectNode schema(DataType type, boolean nullable) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    ArrayNode types = schema.putArray("type").add(jsonType(type));
    if (nullable) {
      types.add("null");
    }
    switch (type) {
      case StructType struct -> properties(struct, schema);
      case ArrayType array ->
          schema.set("items", schema(array.elementType(), array.containsNull()));
      case MapType map ->
          schema.set("additionalProperties", schema(map.valueType(), map.valueContainsNull()));
      default -> {} // its name says all
    }
    return schema;
  }

  private static String jsonType(DataType type) {
    return switch (type) {
      case StringType _, DateType _, TimestampType _, TimestampNTZType _ -> "string";
      case ByteType _, ShortType _, IntegerType _, LongType _ -> "integer";
      case FloatType _, DoubleType _, DecimalType _ -> "number";
      case BooleanType _ -> "boolean";
      case StructType _ -> "object";
      case MapType map when map.keyType() instanceof StringType -> "object";
      case ArrayType _ -> "array";
      default -> throw unsupported(type.sql(), "has no form in JSON");
    };
  }

  private static RuntimeException unsupported(String ddl, String why) {
    return AiCondition.UNSUPPORTED_RESPONSE_FORMAT_DDL_STRING.refusal(
        "The response format of ai_query, '%s', %s.".formatted(ddl, why));
  }
}
