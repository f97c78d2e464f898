package org.glmspark.pack;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.Set;
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

  private static final Set<PosixFilePermission> FOR_OTHERS =
      Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  /// A cache in a folder for temporary files, where anybody may write: in a folder that belongs to
  /// this user, and that nobody else may change. One that somebody else made there is not trusted,
  /// for its packs would be models of their choice.
  ///
  /// @param temporary the folder for temporary files
  /// @param user makes the folder's name
  /// @throws PackingException if the folder cannot be made, or is not this user's own
  public static PackCache ofUser(Path temporary, String user) {
    Path folder = temporary.resolve("glm-spark-" + user);
    try {
      if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        makeForOwner(folder);
      }
      requireOwn(folder);
    } catch (IOException e) {
      throw new PackingException(
          "%s: this folder for packs cannot be made or used: %s; choose another with model.pack-cache"
              .formatted(folder, e),
          e);
    }
    return new PackCache(folder);
  }

  private static boolean hasOwners(Path folder) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static void makeForOwner(Path folder) throws IOException {
    try {
      if (hasOwners(folder)) {
        Files.createDirectory(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectory(folder);
      }
    } catch (FileAlreadyExistsException _) {
      // by another process meanwhile; whose it is, is looked at next
    }
  }

  /// Whoever made the folder is whoever owns what this process makes in it.
  private static void requireOwn(Path folder) throws IOException {
    if (!hasOwners(folder)) {
      return;
    }
    PosixFileAttributes found =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    boolean own = found.isDirectory() && Collections.disjoint(found.permissions(), FOR_OTHERS);
    if (own) {
      Path file = Files.createTempFile(folder, ".owner", null);
      own = Files.getOwner(file).equals(found.owner());
      Files.delete(file);
    }
    if (!own) {
      throw new PackingException(
          "%s: is no folder of this user's own: it belongs to %s, with permissions %s; remove it, or choose another with model.pack-cache"
              .formatted(
                  folder, found.owner(), PosixFilePermissions.toString(found.permissions())));
    }
  }

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
