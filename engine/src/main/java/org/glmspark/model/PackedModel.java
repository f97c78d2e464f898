package org.glmspark.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.glmspark.format.GgufFile;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.format.PackHeader;
import org.glmspark.format.PackPart;
import org.glmspark.tokenizer.TokenizerFiles;

/// A model in a pack, opened: its weights are views of the mapped file.
///
/// @param description what it is
/// @param weights in kernel layout; only norms and biases are on the heap
/// @param pack the mapped file
record PackedModel(ModelDescription description, ModelWeights weights, ModelPack pack) {
  /// What the names of the parts that hold the tokenizer's files begin with.
  static final String TOKENIZER = "tokenizer/";

  /// Opens a pack.
  ///
  /// @param memory owns the mapping
  /// @throws MalformedModelException if the file is no sound pack or its parts do not fit each
  ///   other
  static PackedModel open(Path path, ModelOverrides overrides, Arena memory) {
    ModelPack pack = ModelPack.open(path, memory);
    return of(path, pack, overrides);
  }

  static PackedModel of(Path path, ModelPack pack, ModelOverrides overrides) {
    String file = pack.file().name();
    PackedConfig packed = PackedConfig.parse(file, config(pack));
    PublishedConfig published = packed.published().with(overrides);
    var source = new PackedWeights(pack);
    ModelWeights weights = ModelWeights.of(published.config(), source);
    source.requireNothingLeft();
    PackHeader header = pack.header();
    ModelDescription description =
        ModelDescription.of(
            path,
            published,
            weightBytes(header),
            tokenizer(pack),
            overrides,
            packed.generationDefaults(),
            new PackDescription(header.digest(), header.sourceDigest(), header.packer()));
    return new PackedModel(description, weights, pack);
  }

  private static byte[] config(ModelPack pack) {
    MemorySegment content = pack.content(PackedConfig.PART);
    if (content == null) {
      throw new MalformedModelException(
          pack.file().name(), "part '" + PackedConfig.PART + "'", "is missing");
    }
    return content.toArray(ValueLayout.JAVA_BYTE);
  }

  private static TokenizerSource tokenizer(ModelPack pack) {
    MemorySegment metadata = pack.content(TOKENIZER + GgufTokenizer.FILE);
    if (metadata != null) {
      String file = pack.file().name();
      return new GgufTokenizer(file, GgufFile.metadata(file, metadata));
    }
    var contents = new HashMap<String, byte[]>();
    for (PackPart part : pack.header().parts()) {
      MemorySegment content = pack.content(part.name());
      if (content != null && part.name().startsWith(TOKENIZER)) {
        contents.put(
            part.name().substring(TOKENIZER.length()), content.toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return new FileTokenizer(TokenizerFiles.of(contents));
  }

  private static Map<String, Long> weightBytes(PackHeader header) {
    var bytes = new TreeMap<String, Long>();
    for (PackPart part : header.parts()) {
      if (part.layout() != PackPart.Layout.FILE) {
        bytes.merge(part.type(), part.bytes(), Long::sum);
      }
    }
    return bytes;
  }
}
