package org.glmspark.udfs.function;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.TaskPrompts;
import org.jspecify.annotations.Nullable;

/// The values of named fields that the row's text has: `ai_extract` with an array of labels.
///
/// @param fields the labels
/// @param format an object with every field, each a text or null
record ExtractFields(List<String> fields, AnswerFormat format) implements RowFunction {
  ExtractFields {
    fields = List.copyOf(fields);
  }

  @Override
  public String name() {
    return "ai_extract";
  }

  @Override
  public DataType dataType() {
    var type = new StructType();
    for (String field : fields) {
      type = type.add(field, DataTypes.StringType);
    }
    return type;
  }

  @Override
  public Map<String, String> options() {
    return Map.of("labels", fields.toString());
  }

  static ExtractFields of(List<String> fields) {
    ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    for (String field : fields) {
      properties.putObject(field).putArray("type").add("string").add("null");
    }
    var required = schema.putArray("required");
    fields.forEach(required::add);
    return new ExtractFields(fields, new AnswerFormat.JsonSchema(schema.toString()));
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    OpenModel model = requests.model();
    return requests
        .generate(
            model.prompt(TaskPrompts.extract(content, fields)),
            JsonAnswers.sampling(model, content),
            format)
        .thenApply(result -> JsonAnswers.read(result, this::struct));
  }

  private GenericInternalRow struct(JsonNode answer) {
    @Nullable Object[] values = new Object[fields.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = answer.path(fields.get(i));
      values[i] = value.isTextual() ? UTF8String.fromString(value.textValue()) : null;
    }
    return new GenericInternalRow(values);
  }
}
