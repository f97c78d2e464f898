package org.glmspark.pack;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.model.ModelDigest;

/// A folder with the packs of models that were used as they are published: each is packed once.
///
/// A pack has the name of its model, the weight types, and a key of the model's files, their sizes
/// and times: files that change get a new pack. Nothing is deleted here; packs of the past may be
/// deleted at any time, those in use stay readable for who has them open.
///
/// @param folder is made when it is needed
public record PackCache(Path folder) {
  /// Characters of the key: 64 bits, against accidents only.
  private static final int KEY_LENGTH = 16;

  /// The pack of a model, which is packed if that was not done before. A pack is itself.
  ///
  /// @param path a pack, a folder with `config.json`, or a GGUF file
  /// @throws MalformedModelException if there is no model this engine runs
  /// @throws PackingException if the pack cannot be written, or `path` is one and has other types
  ///   than were asked for
  public Path packed(Path path, PackOptions options, PackProgress progress) {
    if (ModelPack.isOne(path)) {
      if (!options.equals(PackOptions.NATURAL)) {
        throw new PackingException(
            "%s: is a pack, which has its weight types; pack the model anew for weights %s"
                .formatted(path, options.label()));
      }
      return path;
    }
    String key = ModelDigest.fingerprint(path).substring(0, KEY_LENGTH);
    String name = "%s-%s-%s".formatted(name(path), options.label(), key);
    Path target = folder.resolve(name + ModelPack.EXTENSION);
    if (!ModelPacker.isSound(target)) {
      makeFolder();
      new ModelPacker(options, progress).pack(path, target, IfPresent.KEEP);
    }
    return target;
  }

  private static String name(Path path) {
    return String.valueOf(path.toAbsolutePath().normalize().getFileName())
        .replaceAll("\\.gguf$", "")
        .replaceAll("[^A-Za-z0-9._-]", "_");
  }

  private void makeFolder() {
    try {
      Files.createDirectories(folder);
    } catch (FileSystemException e) {
      throw new PackingException(
          "%s: this folder for packs cannot be made: %s; choose another with model.pack-cache"
              .formatted(folder, e.getReason() == null ? "no permission" : e.getReason()),
          e);
    } catch (IOException e) {
      throw new PackingException(
          "%s: this folder for packs cannot be made: %s".formatted(folder, e.getMessage()), e);
    }
  }
}
