package org.glmspark.udfs.function;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.generation.RowError;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.TaskPrompts;

/// What the row's text says of a schema: `ai_extract` with a schema.
///
/// @param schema what is looked for
/// @param instructions what else the model is to heed; empty for nothing
record ExtractBySchema(ExtractionSchema schema, String instructions) implements RowFunction {
  @Override
  public String name() {
    return "ai_extract";
  }

  @Override
  public DataType dataType() {
    return DataTypes.VariantType;
  }

  @Override
  public Map<String, String> options() {
    var options = new LinkedHashMap<String, String>();
    options.put("schema", schema.written());
    if (!instructions.isEmpty()) {
      options.put("instructions", "'%s'".formatted(instructions));
    }
    return options;
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    OpenModel model = requests.model();
    String prompt =
        schema.plainNames().isEmpty() || !instructions.isEmpty()
            ? TaskPrompts.extractBySchema(content, schema.written(), instructions)
            : TaskPrompts.extract(content, schema.plainNames());
    return requests
        .generate(
            model.prompt(prompt),
            JsonAnswers.sampling(model, content),
            schema.format())
        .thenApply(result -> JsonAnswers.read(result, Variants::response));
  }

  @Override
  public Object failed(RowError error) {
    return Variants.failed(error);
  }
}
