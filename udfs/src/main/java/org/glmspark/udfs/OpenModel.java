package org.glmspark.udfs;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// A model that reads text, in the engine that runs it in this JVM.
///
/// @param engine shared by all tasks
/// @param template how the model's conversations are written
/// @param tokenizer the model's
public record OpenModel(GenerationEngine engine, ChatTemplate template, Tokenizer tokenizer) {

  /// The model of a handle, opened if this JVM has not yet.
  ///
  /// @throws IllegalStateException if the model cannot be opened here
  public static OpenModel of(ModelHandle handle) {
    return of(handle.engine());
  }

  /// @param engine of a model that reads text
  static OpenModel of(GenerationEngine engine) {
    return new OpenModel(
        engine,
        Objects.requireNonNull(engine.model().chatTemplate()), // see ModelHandle
        Objects.requireNonNull(engine.model().tokenizer()));
  }

  /// The prompt that puts a text to the model as its user would.
  public int[] prompt(String text) {
    return template.encode(List.of(ChatMessage.user(text)));
  }

  /// The token that ends a plain answer: the family's role token of the user, whose turn it is
  /// then, or the end of the text where the family has no such role.
  public int endOfAnswer() {
    @Nullable Integer user = tokenizer.vocabulary().specialTokens().get("<|user|>");
    int[] stopTokens = template.stopTokens();
    return user != null && Arrays.stream(stopTokens).anyMatch(stop -> stop == user)
        ? user
        : stopTokens[0];
  }
}
