package org.glmspark.udfs.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.sampling.SamplingParameters;
import org.jspecify.annotations.Nullable;

/// Reads the body of a request to `/v1/chat/completions`.
///
/// | parameter | |
/// |---|---|
/// | `messages`, `tools` | see [Conversation] and [OfferedTool] |
/// | `tool_choice` | `none`: tools are not offered; `auto`; `required` or one function: the answer is held to a call of one |
/// | `max_tokens`, `max_completion_tokens`, `temperature`, `top_p`, `presence_penalty`, `frequency_penalty`, `logit_bias`, `stop`, `seed` | as OpenAI says; what a body does not say is as the job says |
/// | `min_tokens`, `top_k`, `min_p`, `repetition_penalty`, `stop_token_ids`, `ignore_eos`, `bad_words`, `allowed_token_ids` | as vLLM says |
/// | `logprobs`, `top_logprobs` | |
/// | `response_format` | see [AnswerFormat#parse]; not beside tools that the model may call |
/// | `n`, `stream`, `store`, `modalities`, `parallel_tool_calls` | the one value that is done here anyway |
/// | `model` | any text; the job's model answers |
/// | `user`, `metadata`, `safety_identifier`, `prompt_cache_key`, `service_tier` | change nothing |
///
/// Every other parameter is refused by its name; a null is as good as none.
///
/// Source: <https://platform.openai.com/docs/api-reference/chat/create>.
final class ChatCompletionBody {
  private static final Set<String> SAMPLING =
      Set.of(
          "max_tokens",
          "max_completion_tokens",
          "temperature",
          "top_p",
          "presence_penalty",
          "frequency_penalty",
          "logit_bias",
          "stop",
          "seed",
          "min_tokens",
          "top_k",
          "min_p",
          "repetition_penalty",
          "stop_token_ids",
          "ignore_eos",
          "bad_words",
          "allowed_token_ids");

  private static final Set<String> IGNORED =
      Set.of("user", "metadata", "safety_identifier", "prompt_cache_key", "service_tier");

  /// What OpenAI knows and this program does not: clients send null for some of them.
  private static final List<String> UNSUPPORTED =
      List.of(
          "audio",
          "function_call",
          "functions",
          "moderation",
          "prediction",
          "prompt_cache_retention",
          "reasoning_effort",
          "stream_options",
          "verbosity",
          "web_search_options");

  private static final Set<String> OTHERS =
      Set.of(
          "model",
          "messages",
          "tools",
          "tool_choice",
          "parallel_tool_calls",
          "response_format",
          "logprobs",
          "top_logprobs",
          "n",
          "stream",
          "store",
          "modalities");

  private static final Set<String> KNOWN = known();

  private final JsonValue body;

  private ChatCompletionBody(JsonValue body) {
    this.body = body;
  }

  private static Set<String> known() {
    Set<String> known = new TreeSet<>(OTHERS);
    known.addAll(SAMPLING);
    known.addAll(IGNORED);
    return Set.copyOf(known);
  }

  /// @param body an object
  /// @param defaults what holds where the body says nothing
  static ChatRequest read(JsonValue body, SamplingParameters defaults)
      throws InvalidRequestException {
    return new ChatCompletionBody(body).read(defaults);
  }

  private ChatRequest read(SamplingParameters defaults) throws InvalidRequestException {
    requireKnown();
    body.require("model").text();
    requireOnly("n", "1");
    requireOnly("stream", "false");
    requireOnly("store", "false");
    requireOnly("modalities", "[\"text\"]");
    List<OfferedTool> tools = offered();
    AnswerFormat call = requiredCall(tools);
    AnswerFormat format = responseFormat(tools);
    SamplingParameters sampling = sampling(defaults);
    if (call != null || format != null) {
      try {
        sampling.requireWholeAnswers();
      } catch (IllegalArgumentException e) {
        throw invalid(e);
      }
    }
    return new ChatRequest(
        Conversation.read(body.require("messages"), tools), sampling, call == null ? format : call);
  }

  private void requireKnown() throws InvalidRequestException {
    for (String name : UNSUPPORTED) {
      JsonValue value = body.find(name);
      if (value != null) {
        throw value.unsupported("null: there is no such thing here");
      }
    }
    Set<String> keys = new TreeSet<>(KNOWN);
    keys.addAll(UNSUPPORTED);
    var _ = body.object(keys);
  }

  private void requireOnly(String name, String json) throws InvalidRequestException {
    JsonValue value = body.find(name);
    if (value != null && !value.node().toString().equals(json)) {
      throw value.unsupported(json);
    }
  }

  /// The tools that the model is told of.
  private List<OfferedTool> offered() throws InvalidRequestException {
    JsonValue tools = body.find("tools");
    JsonValue choice = body.find("tool_choice");
    List<OfferedTool> offered = tools == null ? List.of() : OfferedTool.list(tools);
    boolean none = choice != null && choice.node().asText().equals("none");
    if (choice != null && !none && offered.isEmpty()) {
      throw choice.wrongValue("none without tools");
    }
    return none ? List.of() : offered;
  }

  /// What the answer is held to if it must be a call, or null if that is the model's choice.
  private @Nullable AnswerFormat requiredCall(List<OfferedTool> tools)
      throws InvalidRequestException {
    JsonValue choice = body.find("tool_choice");
    List<OfferedTool> callable = choice == null ? List.of() : callable(choice, tools);
    if (!callable.isEmpty()) {
      return OfferedTool.call(callable);
    }
    if (!tools.isEmpty()) {
      JsonValue parallel = body.find("parallel_tool_calls");
      if (parallel != null && !parallel.truth()) {
        throw parallel.unsupported(
            "true: how many tools the model calls is its choice unless one call is required");
      }
    }
    for (OfferedTool tool : tools) {
      Conversation.requireNotStrict(tool);
    }
    return null;
  }

  /// Those of which one must be called; none if that is the model's choice.
  private static List<OfferedTool> callable(JsonValue choice, List<OfferedTool> tools)
      throws InvalidRequestException {
    String expected =
        "none, auto, required or {\"type\": \"function\", \"function\": {\"name\": ...}}";
    if (choice.node().isTextual()) {
      return switch (choice.text()) {
        case "none", "auto" -> List.of();
        case "required" -> tools;
        default -> throw choice.wrongValue(expected);
      };
    }
    if (!choice.node().isObject()) {
      throw choice.wrongType(expected);
    }
    if (!choice.require("type").text().equals("function")) {
      throw choice.unsupported(expected);
    }
    JsonValue function = choice.object(Set.of("type", "function")).require("function");
    JsonValue name = function.object(Set.of("name")).require("name");
    String wanted = name.text();
    List<OfferedTool> named =
        tools.stream().filter(tool -> tool.definition().toolName().equals(wanted)).toList();
    if (named.isEmpty()) {
      throw name.wrongValue("the name of one of the tools");
    }
    return named;
  }

  private @Nullable AnswerFormat responseFormat(List<OfferedTool> tools)
      throws InvalidRequestException {
    JsonValue given = body.find("response_format");
    if (given == null) {
      return null;
    }
    AnswerFormat format;
    try {
      format = AnswerFormat.parse(given.node().toString());
    } catch (IllegalArgumentException e) {
      throw given.problem(String.valueOf(e.getMessage()));
    }
    if (format != null && !tools.isEmpty()) {
      throw given.unsupported(
          "text beside tools, or tool_choice none: an answer that is held to a form is no call");
    }
    return format;
  }

  private SamplingParameters sampling(SamplingParameters defaults) throws InvalidRequestException {
    SamplingParameters.Builder builder = defaults.toBuilder();
    for (Map.Entry<String, JsonNode> entry : body.node().properties()) {
      JsonValue value = body.find(entry.getKey());
      if (value != null && SAMPLING.contains(entry.getKey())) {
        set(builder, entry.getKey(), value);
      }
    }
    JsonValue most = body.find("max_completion_tokens");
    JsonValue old = body.find("max_tokens");
    if (most != null && old != null && most.integer() != old.integer()) {
      throw old.wrongValue("what max_completion_tokens is, %d, or none".formatted(most.integer()));
    }
    logprobs(builder);
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw invalid(e);
    }
  }

  private static void set(SamplingParameters.Builder builder, String name, JsonValue value)
      throws InvalidRequestException {
    var _ =
        switch (name) {
          case "max_tokens", "max_completion_tokens" -> builder.maxTokens(value.integer());
          case "min_tokens" -> builder.minTokens(value.integer());
          case "temperature" -> builder.temperature(value.number());
          case "top_p" -> builder.topP(value.number());
          case "top_k" -> builder.topK(value.integer());
          case "min_p" -> builder.minP(value.number());
          case "presence_penalty" -> builder.presencePenalty(value.number());
          case "frequency_penalty" -> builder.frequencyPenalty(value.number());
          case "repetition_penalty" -> builder.repetitionPenalty(value.number());
          case "logit_bias" -> builder.logitBias(numbersById(value));
          case "allowed_token_ids" -> builder.allowedTokenIds(value.integers());
          case "bad_words" -> builder.badWords(value.texts());
          case "stop" ->
              builder.stop(value.node().isTextual() ? List.of(value.text()) : value.texts());
          case "stop_token_ids" -> builder.stopTokenIds(value.integers());
          case "ignore_eos" -> value.truth() ? builder.ignoreEos() : builder.stopAtEos();
          case "seed" -> builder.seed(value.whole());
          default -> throw new IllegalStateException("no such parameter: " + name);
        };
  }

  private static Map<Integer, Double> numbersById(JsonValue value) throws InvalidRequestException {
    Map<Integer, Double> numbers = new LinkedHashMap<>();
    for (String id : (Iterable<String>) value.object().node()::fieldNames) {
      if (!id.matches("[0-9]{1,9}")) {
        throw value.wrongValue("numbers, each under the id of a token");
      }
      JsonValue bias = value.require(id);
      if (!(Math.abs(bias.number()) <= 100)) {
        throw bias.wrongValue("-100 to 100");
      }
      numbers.put(Integer.valueOf(id), bias.number());
    }
    return numbers;
  }

  private void logprobs(SamplingParameters.Builder builder) throws InvalidRequestException {
    JsonValue logprobs = body.find("logprobs");
    JsonValue top = body.find("top_logprobs");
    boolean told = logprobs != null && logprobs.truth();
    if (top != null && !told) {
      throw top.wrongValue("none unless logprobs is true");
    }
    if (top != null && (top.integer() < 0 || top.integer() > 20)) {
      throw top.wrongValue("0 to 20");
    }
    if (told) {
      builder.logprobs(top == null ? 0 : top.integer());
    }
  }

  /// Sampling parameters begin their sentences with their name; the limit has two.
  private InvalidRequestException invalid(IllegalArgumentException e) {
    String sentence = String.valueOf(e.getMessage());
    if (sentence.startsWith("max_tokens") && body.find("max_completion_tokens") != null) {
      sentence = sentence.replaceFirst("max_tokens", "max_completion_tokens");
    }
    return new InvalidRequestException(RequestError.of(RequestError.INVALID_VALUE, sentence));
  }
}
