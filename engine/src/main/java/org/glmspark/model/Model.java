package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// An opened model: configuration, weights, and, where the folder has one, tokenizer and chat
/// template.
///
/// @param folder where it was read from
/// @param digest what [ModelDigest] computed over the files it was read from
/// @param tokenizer null if the folder has no tokenizer file
/// @param chatTemplate null if there is no tokenizer
/// @param memory owns weights and mappings; closed with the model
public record Model(
    Path folder,
    String digest,
    ModelConfig config,
    ModelWeights weights,
    @Nullable Tokenizer tokenizer,
    @Nullable ChatTemplate chatTemplate,
    Arena memory)
    implements AutoCloseable {

  /// Frees the weights; nobody may compute with them any more. A second call does nothing.
  @Override
  public void close() {
    if (memory.scope().isAlive()) {
      memory.close();
    }
  }
}
