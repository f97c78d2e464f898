package org.glmspark.udfs;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.ModelOverrides;
import org.glmspark.pack.PackCache;
import org.glmspark.pack.PackOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.pack.PackingException;
import org.jspecify.annotations.Nullable;

/// Which model is meant, as a user says it.
///
/// @param path a pack, a folder with `config.json` or a GGUF file, absolute; the same on every node
/// @param overrides what the user says against the model's files
/// @param packing the weight types, where `path` is no pack
/// @param packCache the folder in which each machine keeps the packs it made, or null for
///   [#standardCache]
public record ModelSource(
    String path, ModelOverrides overrides, PackOptions packing, @Nullable String packCache)
    implements Serializable {

  /// A model as its files say, packed as it is stored.
  public static ModelSource of(Path path) {
    return new ModelSource(
        path.toAbsolutePath().normalize().toString(),
        ModelOverrides.NONE,
        PackOptions.NATURAL,
        null);
  }

  /// The pack of the model on this machine, made now if there is none.
  ///
  /// @throws MalformedModelException if there is no model this engine runs
  /// @throws PackingException if the pack cannot be written
  public Path packed(PackProgress progress) {
    PackCache cache = packCache == null ? standardCache() : new PackCache(Path.of(packCache));
    return cache.packed(Path.of(path), packing, progress);
  }

  /// The same with another folder for packs, unless one is named.
  ModelSource withPackCache(@Nullable String configured) {
    return new ModelSource(path, overrides, packing, packCache == null ? configured : packCache);
  }

  /// `.cache/glm-spark` in the user's home; where there is no home that can be written, as for some
  /// users of clusters, a folder of the user's in the folder for temporary files.
  private static PackCache standardCache() {
    Path home = Path.of(System.getProperty("user.home", ""));
    return Files.isDirectory(home) && Files.isWritable(home)
        ? new PackCache(home.resolve(".cache").resolve("glm-spark"))
        : PackCache.ofUser(
            Path.of(System.getProperty("java.io.tmpdir")),
            System.getProperty("user.name", "packs"));
  }
}
