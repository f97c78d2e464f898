package org.glmspark.udfs.function;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.udfs.RowRequests;

/// Counts the tokens of the row's text as the model reads it: `ai_count_tokens`.
record CountTokens() implements RowFunction {
  @Override
  public String name() {
    return "ai_count_tokens";
  }

  @Override
  public DataType dataType() {
    return DataTypes.IntegerType;
  }

  @Override
  public Map<String, String> options() {
    return Map.of();
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    int tokens = requests.model().tokenizer().encode(inputs.getFirst()).length;
    return CompletableFuture.completedFuture(new RowAnswer.Value(tokens));
  }
}
