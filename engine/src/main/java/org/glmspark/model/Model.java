package org.glmspark.model;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.MappedFile;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/// An opened model: configuration, weights, and, where there is one, tokenizer and chat template.
///
/// @param path the pack, folder or GGUF file it was read from
/// @param overrides what the user said against its files; `config` has it already
/// @param digest of a pack [org.glmspark.format.PackHeader#digest], otherwise what [ModelDigest]
///   computed over the files it was read from
/// @param tokenizer null if there is none
/// @param chatTemplate null if there is no tokenizer, or nothing tells the format
/// @param warnings what is likely wrong with its files, a sentence each
/// @param files the mapped files it was read from
/// @param memory owns weights and mappings; closed with the model
public record Model(
    Path path,
    ModelOverrides overrides,
    String digest,
    ModelConfig config,
    ModelWeights weights,
    @Nullable Tokenizer tokenizer,
    @Nullable ChatTemplate chatTemplate,
    List<String> warnings,
    List<MappedFile> files,
    Arena memory)
    implements AutoCloseable {
  public Model {
    warnings = List.copyOf(warnings);
    files = List.copyOf(files);
  }

  /// Looks whether a file became shorter since it was opened: to read what is missing would end the
  /// process. Takes some microseconds.
  ///
  /// @throws org.glmspark.format.MalformedModelException if one did
  public void requireWholeFiles() {
    files.forEach(MappedFile::requireWhole);
  }

  /// Frees the weights; nobody may compute with them any more. A second call does nothing.
  @Override
  public void close() {
    if (memory.scope().isAlive()) {
      files.forEach(MappedFile::stopReading);
      memory.close();
    }
  }
}
