package org.glmspark.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;

/// All that a pack of a published model holds, mapped and checked; for whoever writes it.
public final class PackContent implements AutoCloseable {
  private final PublishedModel published;
  private final Arena memory;

  private PackContent(PublishedModel published, Arena memory) {
    this.published = published;
    this.memory = memory;
  }

  /// Opens a model as its files say.
  ///
  /// @param path a folder or a GGUF file
  /// @throws MalformedModelException as [ModelLoader#load], and if it is a pack already
  public static PackContent open(Path path) {
    if (ModelPack.isOne(path)) {
      throw new MalformedModelException(
          path.toString(), "model", "is a pack already, expected what packs are made of");
    }
    Arena memory = Arena.ofShared();
    try {
      return new PackContent(PublishedModel.open(path, ModelOverrides.NONE, memory), memory);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /// The content of small files by the names of their parts: configuration and tokenizer.
  public Map<String, MemorySegment> files() {
    var files = new LinkedHashMap<String, MemorySegment>();
    var config = new PackedConfig(published.config(), published.description().generationDefaults());
    files.put(PackedConfig.PART, MemorySegment.ofArray(config.encode()));
    published
        .tokenizer()
        .files()
        .forEach((name, content) -> files.put(PackedModel.TOKENIZER + name, content));
    return files;
  }

  /// All weights, in the order in which a pack has them.
  public List<PublishedWeight> weights() {
    return published.tensors().weights();
  }

  /// Ends the mappings.
  @Override
  public void close() {
    memory.close();
  }
}
