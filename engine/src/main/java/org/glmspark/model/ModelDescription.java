package org.glmspark.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.jspecify.annotations.Nullable;

/// What a model is, found without reading its weights.
///
/// @param path its folder, GGUF file or pack
/// @param config the hyper-parameters; they give the number of parameters too
/// @param origins where each of them was read
/// @param family which models it is one of, and what tells
/// @param weightBytes size of the stored weights, by the name of their type
/// @param quantizationBits 4 or 8 if the layers' matrices are stored as integers with a scale for
///   each row (`quantization_bit`), otherwise 0
/// @param tokenizer null if there is none
/// @param tokenizerOrigin the file the tokenizer was read from, or why there is none
/// @param chatTemplate null if there is no tokenizer, or nothing tells the format
/// @param chatFormatReason why this format, or what is missing
/// @param generationDefaults what `generation_config.json` says, key and JSON value; the engine
///   uses none of it but the stop tokens
/// @param warnings what is likely wrong, one sentence each with what to do
/// @param pack what the pack says about itself; null if it is none
public record ModelDescription(
    Path path,
    ModelConfig config,
    Map<Hyperparameter, String> origins,
    FamilyChoice family,
    Map<String, Long> weightBytes,
    int quantizationBits,
    @Nullable Tokenizer tokenizer,
    String tokenizerOrigin,
    @Nullable ChatTemplate chatTemplate,
    String chatFormatReason,
    Map<String, String> generationDefaults,
    List<String> warnings,
    @Nullable PackDescription pack) {
  public ModelDescription {
    origins = Collections.unmodifiableMap(new EnumMap<>(origins));
    weightBytes = Collections.unmodifiableMap(new TreeMap<>(weightBytes));
    generationDefaults = Collections.unmodifiableMap(new LinkedHashMap<>(generationDefaults));
    warnings = List.copyOf(warnings);
  }

  /// Puts together what the files say, and checks that they fit each other.
  static ModelDescription of(
      Path path,
      PublishedConfig published,
      Map<String, Long> weightBytes,
      TokenizerSource source,
      ModelOverrides overrides,
      Map<String, String> generationDefaults,
      @Nullable PackDescription pack) {
    FamilyChoice choice = FamilyChoice.of(published, source.signs(), overrides);
    ChatFormat format = overrides.chatFormat();
    String reason = "option model.chat-format";
    if (format == null) {
      format = choice.family() == null ? null : choice.family().chatFormat();
      reason =
          choice.family() == null ? choice.reason() : "the format of " + choice.family().label();
    }
    Tokenizer tokenizer = source.load(specialTokens(choice));
    if (tokenizer != null) {
      requireFit(tokenizer, source, published);
    }
    ChatTemplate template =
        tokenizer == null || format == null ? null : template(format, tokenizer, source);
    PublishedConfig stopped = withStopTokens(published, choice.family(), template);
    return new ModelDescription(
        path,
        stopped.config(),
        stopped.origins(),
        choice,
        weightBytes,
        published.quantizationBits(),
        tokenizer,
        source.origin(),
        template,
        tokenizer == null ? "there is no tokenizer" : reason,
        generationDefaults,
        ModelWarnings.of(published),
        pack);
  }

  /// Files are known to name too few, and then generation never stops.
  private static PublishedConfig withStopTokens(
      PublishedConfig published, @Nullable ModelFamily family, @Nullable ChatTemplate template) {
    PublishedConfig stopped = published;
    if (family != null && published.config().vocabularySize() == family.vocabularySize()) {
      stopped = stopped.alsoStoppedBy(family.stopTokens(), family.label());
    }
    return template == null
        ? stopped
        : stopped.alsoStoppedBy(
            IntStream.of(template.stopTokens()).boxed().toList(),
            "the chat format " + template.format().optionName());
  }

  /// A family that nothing tells is ChatGLM2 or ChatGLM3: there is a tokenizer, and others are told
  /// by it.
  private static TokenizerFamily specialTokens(FamilyChoice choice) {
    return switch (choice.family()) {
      case CHATGLM2 -> TokenizerFamily.CHATGLM2;
      case CHATGLM3 -> TokenizerFamily.CHATGLM3;
      case GLM4, GLM4_0414 -> TokenizerFamily.GLM4;
      case null -> TokenizerFamily.CHATGLM3;
    };
  }

  private static void requireFit(
      Tokenizer tokenizer, TokenizerSource source, PublishedConfig published) {
    int size = tokenizer.vocabulary().size();
    int rows = published.config().vocabularySize();
    if (size > rows) {
      throw new MalformedModelException(
          source.origin(),
          "vocabulary",
          "has ids up to %d, expected less than the %d rows of the embedding"
              .formatted(size - 1, rows));
    }
  }

  private static ChatTemplate template(
      ChatFormat format, Tokenizer tokenizer, TokenizerSource source) {
    try {
      return ChatTemplate.of(format, tokenizer);
    } catch (IllegalArgumentException e) {
      throw new MalformedModelException(
          source.origin(),
          "special tokens",
          "do not suit the chat format %s: %s".formatted(format.optionName(), e.getMessage()),
          e);
    }
  }

  /// The tokenizer.
  ///
  /// @throws MalformedModelException if there is none
  public Tokenizer requireTokenizer() {
    if (tokenizer == null) {
      throw new MalformedModelException(
          path.toString(),
          "tokenizer",
          "there is none (%s), so no text can be read".formatted(tokenizerOrigin));
    }
    return tokenizer;
  }

  /// The chat template.
  ///
  /// @throws MalformedModelException if there is none, for want of a tokenizer or because nothing
  ///   tells the format
  public ChatTemplate requireChatTemplate() {
    requireTokenizer();
    if (chatTemplate == null) {
      throw new MalformedModelException(path.toString(), "chat format", chatFormatReason);
    }
    return chatTemplate;
  }

  /// How conversations are written; null if there is no chat template.
  public @Nullable ChatFormat chatFormat() {
    return chatTemplate == null ? null : chatTemplate.format();
  }
}
