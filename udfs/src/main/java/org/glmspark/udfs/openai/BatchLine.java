package org.glmspark.udfs.openai;

import java.util.Set;
import org.glmspark.format.Excerpt;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// One line of an OpenAI batch file:
///
/// ```json
/// {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {...}}
/// ```
///
/// Source: <https://platform.openai.com/docs/api-reference/batch/request-input>.
sealed interface BatchLine {
  String URL = "/v1/chat/completions";

  /// A line that is no request.
  ///
  /// @param customId what it calls itself, or null if it does not say
  /// @param code a word for programs, such as `invalid_json_line`
  /// @param message a sentence
  record NoRequest(@Nullable String customId, String code, String message) implements BatchLine {}

  /// A request that cannot be answered, whatever the model.
  record Refused(String customId, RequestError error) implements BatchLine {}

  /// A request.
  ///
  /// @param model what the body calls its model
  record Asked(String customId, String model, ChatRequest request) implements BatchLine {}

  /// Reads a line.
  ///
  /// @param usesOfId how many lines of the file have its `custom_id`; 0 if the line's bytes were no
  ///   text
  /// @param defaults how tokens are chosen where the body does not say
  static BatchLine read(String line, long usesOfId, SamplingParameters defaults) {
    if (usesOfId == 0) {
      return new NoRequest(
          null, "invalid_json_line", "the line is not valid UTF-8: %s".formatted(Excerpt.of(line)));
    }
    JsonValue envelope;
    try {
      envelope = JsonValue.parse(line, "the line");
    } catch (InvalidRequestException e) {
      return new NoRequest(null, "invalid_json_line", e.error().message());
    }
    if (!envelope.node().isObject()) {
      String found = Excerpt.of(line);
      return new NoRequest(
          null, "invalid_json_line", "the line is %s, expected an object".formatted(found));
    }
    return read(new JsonValue(envelope.node(), ""), usesOfId, defaults);
  }

  private static BatchLine read(JsonValue envelope, long usesOfId, SamplingParameters defaults) {
    String customId = null;
    JsonValue body;
    try {
      JsonValue id = envelope.require("custom_id");
      customId = id.text();
      if (customId.isEmpty()) {
        throw id.wrongValue("a text that tells the line from all others");
      }
      if (usesOfId > 1) {
        return new NoRequest(
            customId,
            "duplicate_custom_id",
            "custom_id is %s, as in %d lines, expected it in one"
                .formatted(Excerpt.quoted(customId), usesOfId));
      }
      JsonValue method = envelope.require("method");
      if (!method.text().equals("POST")) {
        return new NoRequest(
            customId, "invalid_method", method.wrongValue("\"POST\"").error().message());
      }
      JsonValue url = envelope.require("url");
      if (!url.text().equals(URL)) {
        return new NoRequest(
            customId, "url_mismatch", url.wrongValue("\"" + URL + "\"").error().message());
      }
      body = envelope.require("body").object();
      var _ = envelope.object(Set.of("custom_id", "method", "url", "body"));
    } catch (InvalidRequestException e) {
      return new NoRequest(customId, e.error().code(), e.error().message());
    }
    try {
      ChatRequest request = ChatCompletionBody.read(new JsonValue(body.node(), ""), defaults);
      return new Asked(customId, body.node().path("model").asText(), request);
    } catch (InvalidRequestException e) {
      return new Refused(customId, e.error());
    }
  }

  /// What a line calls itself, or null if it does not say.
  static @Nullable String customId(String line) {
    try {
      JsonValue id = JsonValue.parse(line, "the line").find("custom_id");
      return id == null || id.text().isEmpty() ? null : id.text();
    } catch (InvalidRequestException _) { // said again, and told, where the line is read
      return null;
    }
  }

  /// What a line asks.
  ///
  /// @param usesOfId as for the other [#read]
  static ChatRequest request(String line, long usesOfId, SamplingParameters defaults)
      throws InvalidRequestException {
    return switch (read(line, usesOfId, defaults)) {
      case NoRequest(_, String code, String message) ->
          throw new InvalidRequestException(new RequestError(null, code, message));
      case Refused(_, RequestError error) -> throw new InvalidRequestException(error);
      case Asked(_, _, ChatRequest request) -> request;
    };
  }
}
