package org.glmspark.udfs;

import java.util.List;
import java.util.Objects;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Turns the texts of rows into requests to an engine: the same for whoever plans a run and for
/// whoever does it.
final class PromptEncoder {
  private final GenerationEngine engine;
  private final ChatTemplate template;
  private final PromptSource prompt;
  private final SamplingParameters sampling;
  private final @Nullable AnswerFormat format;

  /// @param engine of a model that reads text
  /// @param format what form each answer must have; null for any text
  PromptEncoder(
      GenerationEngine engine,
      PromptSource prompt,
      SamplingParameters sampling,
      @Nullable AnswerFormat format) {
    this.engine = engine;
    this.template = Objects.requireNonNull(engine.model().chatTemplate()); // see ModelHandle
    this.prompt = prompt;
    this.sampling = sampling;
    this.format = format;
  }

  /// What is asked about a row.
  sealed interface Encoded {

    /// Nothing, for this reason.
    record Refused(RowError error) implements Encoded {}

    /// One request.
    ///
    /// @param id equal ids get equal completions
    record Request(GenerationRequest request, String id) implements Encoded {}
  }

  /// @param texts the row's, in the order of [PromptSource#columns]
  Encoded encode(List<@Nullable String> texts) {
    @Nullable RowError missing = prompt.missing(texts);
    if (missing != null) {
      return new Encoded.Refused(missing);
    }
    List<String> present = texts.stream().map(Objects::requireNonNull).toList();
    int[] tokens = template.encode(prompt.messages(present));
    var request = new GenerationRequest(tokens, sampling, format);
    return new Encoded.Request(request, engine.requestId(request));
  }
}
