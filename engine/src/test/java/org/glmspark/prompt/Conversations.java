package org.glmspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.glmspark.prompt.ChatMessage.Role;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.PublishedTokenizer;
import org.glmspark.tokenizer.SampleTokenizer;
import org.glmspark.tokenizer.SentencePieceTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.glmspark.tokenizer.Vocabulary;

/// Conversations in JSON, and the tokenizers to write them with.
final class Conversations {
  private static final Map<String, Tokenizer> TOKENIZERS = new ConcurrentHashMap<>();

  private Conversations() {}

  /// The messages of an array of objects with `role`, `content` and optionally `metadata`, `tools`
  /// and `tool_calls`.
  static List<ChatMessage> messages(JsonNode array) {
    var messages = new ArrayList<ChatMessage>();
    for (JsonNode message : array) {
      var calls = new ArrayList<ToolCall>();
      for (JsonNode call : message.path("tool_calls")) {
        calls.add(
            new ToolCall(call.required("name").asText(), call.required("arguments").asText()));
      }
      messages.add(
          new ChatMessage(
              Role.named(message.required("role").asText()),
              message.path("metadata").asText(),
              message.required("content").asText(),
              tools(message.path("tools")),
              calls));
    }
    return messages;
  }

  static List<ToolDefinition> tools(JsonNode array) {
    var tools = new ArrayList<ToolDefinition>();
    for (JsonNode tool : array) {
      tools.add(ToolDefinition.parse(tool.toString()));
    }
    return tools;
  }

  /// The sample tokenizer (`sample`) or a published one, by its folder; without that the test is
  /// skipped.
  static Tokenizer tokenizer(String name) {
    return TOKENIZERS.computeIfAbsent(name, Conversations::load);
  }

  private static Tokenizer load(String name) {
    try {
      return switch (name) {
        case "sample" -> SampleTokenizer.load();
        case "glm4" -> BytePairTokenizer.load(PublishedTokenizer.folder(name));
        case "chatglm2" -> sentencePiece(name, TokenizerFamily.CHATGLM2);
        case "chatglm3" -> sentencePiece(name, TokenizerFamily.CHATGLM3);
        default -> throw new IllegalArgumentException(name);
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Tokenizer sentencePiece(String name, TokenizerFamily family) throws IOException {
    Path file = PublishedTokenizer.folder(name).resolve("tokenizer.model");
    return SentencePieceTokenizer.load(file, family.specialTokens());
  }

  /// The format with an option name.
  static ChatFormat format(String optionName) {
    return ChatFormat.valueOf(optionName.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /// A template of any format that works without a published tokenizer.
  static ChatTemplate sampleTemplate(ChatFormat format) {
    Tokenizer sample = tokenizer("sample");
    return switch (format) {
      case CHATGLM2, CHATGLM3 -> ChatTemplate.of(format, new ChatGlmNames(sample));
      case GLM_4, GLM_4_0414 -> ChatTemplate.of(format, sample);
    };
  }

  /// The sample tokenizer, its special tokens under the names that ChatGLM gives them.
  private record ChatGlmNames(Tokenizer sample) implements Tokenizer {
    @Override
    public Vocabulary vocabulary() {
      return sample.vocabulary();
    }

    @Override
    public int[] encode(String text) {
      return sample.encode(text);
    }

    @Override
    public String decode(int... tokens) {
      return sample.decode(tokens);
    }

    @Override
    public int specialToken(String text) {
      return sample.specialToken(text.equals("sop") ? "<sop>" : text);
    }
  }

  /// A file of this package's test resources.
  static Path resource(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(Conversations.class.getResource("/prompt/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
