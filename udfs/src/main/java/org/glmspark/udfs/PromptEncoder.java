package org.glmspark.udfs;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.generation.GenerationRequest;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.openai.ChatRequest;
import org.glmspark.udfs.openai.InvalidRequestException;
import org.jspecify.annotations.Nullable;

/// Turns the texts of rows into requests to an engine: the same for whoever plans a run and for
/// whoever does it.
final class PromptEncoder {
  private final OpenModel model;
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
    this.model = OpenModel.of(engine);
    this.prompt = prompt;
    this.sampling = sampling;
    this.format = format;
  }

  /// What is asked about a row.
  sealed interface Encoded {

    /// Nothing, for this reason.
    record Refused(RowError error) implements Encoded {}

    /// Nothing, because a text is too long for how the job handles such.
    ///
    /// @param promptTokens the length of a prompt that had the whole text
    /// @param id equal ids get the same error
    record TooLong(RowError error, int promptTokens, String id) implements Encoded {}

    /// One request.
    ///
    /// @param id equal ids get equal completions
    /// @param leftOutTokens how many tokens of a text were left out, so that it fits
    record Request(GenerationRequest request, String id, int leftOutTokens) implements Encoded {}

    /// As many requests as a text takes that does not fit into one.
    ///
    /// @param prompt the tokens of one that had the whole text
    /// @param id equal ids get equal completions
    record Document(LongDocument document, String text, int[] prompt, String id)
        implements Encoded {}
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
      return encode(texts, asked, tokens(asked));
    } catch (InvalidRequestException e) {
      return new Encoded.Refused(e.rowError());
    }
  }

  private Encoded encode(List<@Nullable String> texts, ChatRequest asked, int[] tokens) {
    LongText longText = prompt.longText();
    if (longText.leftToTheEngine()) {
      return request(asked, tokens);
    }
    String text = Objects.requireNonNull(texts.get(prompt.longTextIndex()));
    var document =
        new LongDocument(
            model, shorter -> tokens(texts, shorter), sampling, format, longText.partTokens());
    return switch (longText.handling()) {
      case ERROR -> requestOfOnePart(document, text, asked, tokens);
      case TRUNCATE ->
          document.fits(text, tokens)
              ? request(asked, tokens)
              : truncated(document, text, asked, tokens);
      case MAP_REDUCE ->
          document.fits(text, tokens)
              ? request(asked, tokens)
              : new Encoded.Document(document, text, tokens, document.requestId(text));
    };
  }

  /// The prompt with another text in the place of the one that may be too long.
  private int[] tokens(List<@Nullable String> texts, String text) {
    List<@Nullable String> changed = new ArrayList<>(texts);
    changed.set(prompt.longTextIndex(), text);
    try {
      return tokens(prompt.request(changed, sampling, format));
    } catch (InvalidRequestException e) {
      throw new IllegalStateException("a prompt around a text says nothing invalid", e);
    }
  }

  private Encoded.Request request(ChatRequest asked, int[] tokens) {
    var request = new GenerationRequest(tokens, asked.sampling(), asked.format(), asked.tools());
    return new Encoded.Request(request, model.engine().requestId(request), 0);
  }

  private Encoded requestOfOnePart(
      LongDocument document, String text, ChatRequest asked, int[] tokens) {
    int length = tokens.length <= document.partTokens() ? 0 : document.tokens(text);
    if (length <= document.partTokens()) {
      return request(asked, tokens);
    }
    String detail =
        "column '%s' has %d tokens, part-tokens allows %d; shorten it, or let it be cut"
            .formatted(prompt.columns().get(prompt.longTextIndex()), length, document.partTokens());
    return tooLong(document, new RowError(RowError.Reason.PROMPT_TOO_LONG, detail), asked, tokens);
  }

  private Encoded.TooLong tooLong(
      LongDocument document, RowError error, ChatRequest asked, int[] tokens) {
    String id =
        RequestKey.of(
            "too long", request(asked, tokens).id(), String.valueOf(document.mostTextTokens()));
    return new Encoded.TooLong(error, tokens.length, id);
  }

  private Encoded truncated(LongDocument document, String text, ChatRequest asked, int[] tokens) {
    @Nullable RowError noRoom = document.noRoom();
    if (noRoom != null) {
      return tooLong(document, noRoom, asked, tokens);
    }
    String start = TextParts.start(text, document.mostTextTokens(), document::tokens);
    int leftOut = document.tokens(text) - document.tokens(start);
    Encoded.Request request = request(asked, document.prompt().apply(start));
    // what was left out is a result of the row too, so rows that left out more must not be equal
    String id = RequestKey.of("truncated", request.id(), String.valueOf(leftOut));
    return new Encoded.Request(request.request(), id, leftOut);
  }

  private int[] tokens(ChatRequest asked) throws InvalidRequestException {
    try {
      return model.template().encode(asked.messages());
    } catch (IllegalArgumentException e) {
      throw InvalidRequestException.unsupported("messages", ": " + e.getMessage());
    }
  }

  /// What the engine would refuse of a job is, as an option of one row, that row's error.
  private void requireAnswerable(ChatRequest asked) throws InvalidRequestException {
    try {
      asked.sampling().requireIdsBelow(model.engine().model().config().vocabularySize());
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
      model.engine().requireWritable(form);
    } catch (IllegalArgumentException e) {
      throw InvalidRequestException.unsupported("response_format", ": " + e.getMessage());
    }
  }

  private void requireCallsInJson() throws InvalidRequestException {
    switch (model.template().format()) {
      case GLM_4, GLM_4_0414 -> {}
      case CHATGLM2, CHATGLM3 ->
          throw InvalidRequestException.unsupported(
              "tool_choice",
              " demands a call, expected auto or none: answers of %s cannot be held to one"
                  .formatted(model.template().format().optionName()));
    }
  }
}
