package org.glmspark.udfs.function;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.LongDocument;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.TaskPrompts;

/// Summarises the row's text, however long it is: `ai_summarize`.
///
/// @param maxWords the limit that the model is asked for; 0 for none
/// @param partTokens most tokens of a text that is summarised in one piece; 0 for as many as the
///   model's context leaves
record Summarize(int maxWords, int partTokens) implements RowFunction {
  /// What jobs allow where they say nothing; more words need more.
  private static final int LEAST_MAX_TOKENS = 256;

  /// Tokens that a word takes, in languages that are not spared any.
  private static final int TOKENS_PER_WORD = 4;

  private static final int MAX_TOKENS_WITHOUT_LIMIT = 1024;

  @Override
  public String name() {
    return "ai_summarize";
  }

  @Override
  public DataType dataType() {
    return DataTypes.StringType;
  }

  @Override
  public Map<String, String> options() {
    return Map.of("max_words", String.valueOf(maxWords));
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    OpenModel model = requests.model();
    var document =
        new LongDocument(
            model,
            text -> model.prompt(TaskPrompts.summarize(text, maxWords)),
            SamplingParameters.greedy(maxTokens(model)),
            null,
            partTokens);
    return document
        .answer(content, requests::generate)
        .thenApply(outcome -> RowAnswer.text(outcome.result()));
  }

  /// No more than half of what the model can take, so that there is room for the text.
  private int maxTokens(OpenModel model) {
    long wanted =
        maxWords == 0
            ? MAX_TOKENS_WITHOUT_LIMIT
            : Math.max(LEAST_MAX_TOKENS, (long) TOKENS_PER_WORD * maxWords);
    return (int) Math.min(wanted, model.engine().model().config().contextTokens() / 2);
  }
}
