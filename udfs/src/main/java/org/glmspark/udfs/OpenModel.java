package org.glmspark.udfs;

import java.util.List;
import java.util.Objects;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;

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
    GenerationEngine engine = handle.engine();
    return new OpenModel(
        engine,
        Objects.requireNonNull(engine.model().chatTemplate()), // see ModelHandle
        Objects.requireNonNull(engine.model().tokenizer()));
  }

  /// The prompt that puts a text to the model as its user would.
  public int[] prompt(String text) {
    return template.encode(List.of(ChatMessage.user(text)));
  }
}
