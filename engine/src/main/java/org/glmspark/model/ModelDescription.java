package org.glmspark.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.MalformedModelException;
import org.glmspark.prompt.ChatFormat;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tensor.DType;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// What a published model is, found without reading its weights.
///
/// @param path its folder or GGUF file
/// @param config the hyper-parameters; they give the number of parameters too
/// @param origins where each of them was read
/// @param family which models it is one of, and what tells
/// @param weightBytes size of the stored weights, by element type
/// @param quantizationBits 4 or 8 if the layers' matrices are stored as integers with a scale for
///   each row (`quantization_bit`), otherwise 0
/// @param tokenizer null if there is none
/// @param tokenizerOrigin the file the tokenizer was read from, or why there is none
/// @param chatTemplate null if there is no tokenizer, or nothing tells the format
/// @param chatFormatReason why this format, or what is missing
/// @param generationDefaults what `generation_config.json` says, key and JSON value; the engine
///   uses none of it but the stop tokens
/// @param warnings what is likely wrong, one sentence each with what to do
public record ModelDescription(
    Path path,
    ModelConfig config,
    Map<Hyperparameter, String> origins,
    FamilyChoice family,
    Map<DType, Long> weightBytes,
    int quantizationBits,
    @Nullable Tokenizer tokenizer,
    String tokenizerOrigin,
    @Nullable ChatTemplate chatTemplate,
    String chatFormatReason,
    Map<String, String> generationDefaults,
    List<String> warnings) {
  public ModelDescription {
    origins = Collections.unmodifiableMap(new EnumMap<>(origins));
    weightBytes = Collections.unmodifiableMap(new EnumMap<>(weightBytes));
    generationDefaults = Collections.unmodifiableMap(new LinkedHashMap<>(generationDefaults));
    warnings = List.copyOf(warnings);
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
