package org.glmspark.udfs.function;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;

/// Gives the row's text back, changed: corrected, translated or masked.
record Rewrite(Instruction instruction) implements RowFunction {
  /// What short texts may grow to; longer ones to twice their length.
  private static final int LEAST_MAX_TOKENS = 256;

  @Override
  public String name() {
    return instruction.functionName();
  }

  @Override
  public DataType dataType() {
    return DataTypes.StringType;
  }

  @Override
  public Map<String, String> options() {
    return instruction.options();
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    OpenModel model = requests.model();
    int maxTokens = Math.max(LEAST_MAX_TOKENS, 2 * model.tokenizer().encode(content).length);
    return requests
        .generate(model.prompt(instruction.prompt(inputs)), SamplingParameters.greedy(maxTokens))
        .thenApply(RowAnswer::text);
  }
}
