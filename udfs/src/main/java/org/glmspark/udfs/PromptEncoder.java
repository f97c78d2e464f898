package org.glmspark.udfs;

import java.util.List;
import java.util.Objects;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.openai.ChatRequest;
import org.glmspark.udfs.openai.InvalidRequestException;
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
    try {
      ChatRequest asked = prompt.request(texts, sampling, format);
      if (prompt instanceof PromptSource.OpenAiBatch) {
        requireAnswerable(asked);
      }
      var request =
          new GenerationRequest(tokens(asked), asked.sampling(), asked.format(), asked.tools());
      return new Encoded.Request(request, engine.requestId(request));
    } catch (InvalidRequestException e) {
      return new Encoded.Refused(e.rowError());
    }
  }

  private int[] tokens(ChatRequest asked) throws InvalidRequestException {
    try {
      return template.encode(asked.messages());
    } catch (IllegalArgumentException e) {
      throw InvalidRequestException.unsupported("messages", ": " + e.getMessage());
    }
  }

  /// What the engine would refuse of a job is, as an option of one row, that row's error.
  private void requireAnswerable(ChatRequest asked) throws InvalidRequestException {
    try {
      asked.sampling().requireIdsBelow(engine.model().config().vocabularySize());
    } catch (IllegalArgumentException e) {
      throw InvalidRequestException.ofParameter(e);
    }
    AnswerFormat form = asked.format();
    if (form == null) {
      return;
    }
    if (form instanceof AnswerFormat.FunctionCall) {
      requireCallsInJson();
    }
    try {
      engine.requireWritable(form);
    } catch (IllegalArgumentException e) {
      throw InvalidRequestException.unsupported("response_format", ": " + e.getMessage());
    }
  }

  private void requireCallsInJson() throws InvalidRequestException {
    switch (template.format()) {
      case GLM_4, GLM_4_0414 -> {}
      case CHATGLM2, CHATGLM3 ->
          throw InvalidRequestException.unsupported(
              "tool_choice",
              " demands a call, expected auto or none: answers of %s cannot be held to one"
                  .formatted(template.format().optionName()));
    }
  }
}
