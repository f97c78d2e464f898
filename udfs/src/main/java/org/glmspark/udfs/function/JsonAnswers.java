package org.glmspark.udfs.function;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.function.Function;
import org.glmspark.generation.GenerationResult;
import org.glmspark.generation.RowError;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.OpenModel;
import org.jspecify.annotations.Nullable;

/// Answers that are JSON by their format.
final class JsonAnswers {
  /// Numbers keep all the digits that the model wrote.
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private static final int LEAST_MAX_TOKENS = 256;

  private JsonAnswers() {}

  /// Room for everything that a text says, twice.
  static SamplingParameters sampling(OpenModel model, String content) {
    int tokens = model.tokenizer().encode(content).length;
    return SamplingParameters.greedy(Math.max(LEAST_MAX_TOKENS, 2 * tokens));
  }

  /// The value that is made of an answer.
  static RowAnswer read(GenerationResult result, Function<JsonNode, Object> value) {
    @Nullable RowError error = result.error();
    if (error != null) {
      return new RowAnswer.Failed(error);
    }
    try {
      return new RowAnswer.Value(value.apply(JSON.readTree(result.text())));
    } catch (JsonProcessingException e) {
      return new RowAnswer.Failed(
          new RowError(
              RowError.Reason.ANSWER_TOO_LONG,
              "it ended before its JSON did: " + e.getOriginalMessage()));
    }
  }
}
