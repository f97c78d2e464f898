package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// An opened model: configuration, weights, and, where there is one, tokenizer and chat template.
///
/// @param path the folder or GGUF file it was read from
/// @param overrides what the user said against its files; `config` has it already
/// @param digest what [ModelDigest] computed over the files it was read from
/// @param tokenizer null if there is none
/// @param chatTemplate null if there is no tokenizer, or nothing tells the format
/// @param memory owns weights and mappings; closed with the model
public record Model(
    Path path,
    ModelOverrides overrides,
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
