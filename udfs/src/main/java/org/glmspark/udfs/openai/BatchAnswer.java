package org.glmspark.udfs.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Row;
import org.glmspark.generation.RowError;
import org.glmspark.tokenizer.Vocabulary;
import org.jspecify.annotations.Nullable;

/// One line of a batch's output.
///
/// A request that was answered has status 200; one that cannot be is refused with 400 and an error
/// object in the body; one that this program failed at has 500. A line that is no request has no
/// response but an error of its own.
///
/// All but `usage.prompt_tokens_details` is a function of the line and the model: ids are digests,
/// and `created` is 0, because when a line was answered is nothing of the answer.
///
/// Source: <https://platform.openai.com/docs/api-reference/batch/request-output> and, for the shape
/// of errors, what the service writes: <https://github.com/openai/openai-openapi/issues/302>.
final class BatchAnswer {
  /// What OpenAI writes for a token that could not have come.
  private static final double LEAST_LOGPROB = -9999;

  private static final int ID_DIGITS = 32;

  private final Row row;
  private final Supplier<Vocabulary> vocabulary;
  private final String line;
  private final @Nullable String error;
  private final Row usage;
  private final String rowId;
  private final @Nullable String requestId;
  private final String modelDigest;

  /// @param row as [BatchOutput] selects it
  BatchAnswer(Row row, Supplier<Vocabulary> vocabulary) {
    this.row = row;
    this.vocabulary = vocabulary;
    line = row.getString(0);
    error = row.isNullAt(4) ? null : row.getString(4);
    usage = row.getStruct(6);
    Row lineage = row.getStruct(7);
    rowId = lineage.getString(0);
    requestId = lineage.isNullAt(1) ? null : lineage.getString(1);
    modelDigest = lineage.getString(2);
  }

  /// The answer to a line, which is what the row's line reads as.
  ObjectNode line(BatchLine read) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    answer.put("id", "batch_req_" + digest(rowId, asked()));
    switch (read) {
      case BatchLine.NoRequest(String customId, String code, String message) -> {
        answer.put("custom_id", customId).putNull("response");
        answer.putObject("error").put("code", code).put("message", message);
      }
      case BatchLine.Refused(String customId, RequestError refusal) -> {
        respond(answer.put("custom_id", customId), 400).set("error", refused(refusal));
        answer.putNull("error");
      }
      case BatchLine.Asked(String customId, String model, ChatRequest request) -> {
        answer.put("custom_id", customId);
        if (error == null) {
          complete(respond(answer, 200), model, request);
        } else {
          fail(answer, error);
        }
        answer.putNull("error");
      }
    }
    return answer;
  }

  /// What names the request: its id, or, where it did not become one, the line.
  private String asked() {
    return requestId == null ? line : requestId;
  }

  private ObjectNode respond(ObjectNode answer, int status) {
    String id = requestId == null ? digest(line, "") : requestId;
    return answer
        .putObject("response")
        .put("status_code", status)
        .put("request_id", id)
        .putObject("body");
  }

  private static ObjectNode refused(RequestError error) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("message", error.message())
        .put("type", "invalid_request_error")
        .put("param", error.param())
        .put("code", error.code());
  }

  /// An error that only the model, its context or its files could tell.
  private void fail(ObjectNode answer, String sentence) {
    RowError.Reason reason = reason(sentence);
    ObjectNode error =
        switch (reason) {
          case INVALID_REQUEST ->
              refused(
                  RequestError.of(
                      RequestError.UNSUPPORTED, sentence.substring(reason.phrase().length() + 2)));
          case PROMPT_TOO_LONG ->
              refused(new RequestError("messages", "context_length_exceeded", sentence));
          case ANSWER_TOO_LONG ->
              refused(new RequestError("max_tokens", RequestError.INVALID_VALUE, sentence));
          case NO_TEXT, NO_TOKEN_ALLOWED ->
              refused(new RequestError(null, RequestError.INVALID_VALUE, sentence));
          case CACHE_TOO_SMALL, NOT_FINITE, INTERNAL ->
              JsonNodeFactory.instance
                  .objectNode()
                  .put("message", sentence)
                  .put("type", "server_error")
                  .putNull("param")
                  .putNull("code");
        };
    int status = error.path("type").asText().equals("server_error") ? 500 : 400;
    respond(answer, status).set("error", error);
  }

  private static RowError.Reason reason(String sentence) {
    return Arrays.stream(RowError.Reason.values())
        .filter(reason -> sentence.startsWith(reason.phrase() + ": "))
        .findAny()
        .orElse(RowError.Reason.INTERNAL);
  }

  private void complete(ObjectNode body, String model, ChatRequest request) {
    body.put("id", "chatcmpl-" + digest(asked(), ""))
        .put("object", "chat.completion")
        .put("created", 0)
        .put("model", model);
    ObjectNode choice = body.putArray("choices").addObject().put("index", 0);
    String text = row.getString(2);
    ObjectNode message = choice.putObject("message").put("role", "assistant");
    boolean calls = !row.isNullAt(5);
    message.put("content", calls && text.isEmpty() ? null : text).putNull("refusal");
    if (calls) {
      toolCalls(message.putArray("tool_calls"), row.getList(5));
    }
    if (request.sampling().logprobs() == null) {
      choice.putNull("logprobs");
    } else {
      ArrayNode content = choice.putObject("logprobs").putNull("refusal").putArray("content");
      logprobs(content, row.getList(8));
    }
    choice.put("finish_reason", calls ? "tool_calls" : row.getString(3));
    int prompt = usage.getInt(0);
    int completion = usage.getInt(2);
    body.putObject("usage")
        .put("prompt_tokens", prompt)
        .put("completion_tokens", completion)
        .put("total_tokens", prompt + completion)
        .putObject("prompt_tokens_details")
        .put("cached_tokens", usage.getInt(1));
    body.put("system_fingerprint", "fp_" + modelDigest.substring(0, ID_DIGITS));
  }

  private void toolCalls(ArrayNode array, List<Row> calls) {
    for (Row call : calls) {
      array
          .addObject()
          .put("id", "call_" + digest(asked(), String.valueOf(array.size())))
          .put("type", "function")
          .putObject("function")
          .put("name", call.getString(0))
          .put("arguments", call.getString(1));
    }
  }

  private void logprobs(ArrayNode array, List<Row> tokens) {
    for (Row token : tokens) {
      ObjectNode told = array.addObject();
      token(told, token);
      ArrayNode most = told.putArray("top_logprobs");
      token.<Row>getList(2).forEach(alternative -> token(most.addObject(), alternative));
    }
  }

  /// @param token its id and log-probability come first
  private void token(ObjectNode told, Row token) {
    int id = token.getInt(0);
    byte[] bytes = vocabulary.get().bytes(id);
    told.put("token", bytes.length == 0 ? special(id) : new String(bytes, StandardCharsets.UTF_8));
    told.put("logprob", Math.max(token.getDouble(1), LEAST_LOGPROB));
    if (bytes.length == 0) {
      told.putNull("bytes");
    } else {
      ArrayNode array = told.putArray("bytes");
      for (byte b : bytes) {
        array.add(b & 0xFF);
      }
    }
  }

  private String special(int id) {
    return vocabulary.get().specialTokens().entrySet().stream()
        .filter(token -> token.getValue() == id)
        .map(Map.Entry::getKey)
        .findAny()
        .orElse("");
  }

  private static String digest(String first, String second) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(first.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(second.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest()).substring(0, ID_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
