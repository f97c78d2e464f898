package org.glmspark.pack;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.function.Supplier;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.ModelPack;
import org.glmspark.model.PackContent;

/// Writes the pack of a published model: under a lock, beside its place, and then into it. Who
/// finds a pack finds a whole one; a process that was killed leaves a temporary file, which the
/// next one overwrites.
public final class ModelPacker {
  private final PackOptions options;
  private final PackProgress progress;

  /// @param options how the weights are kept
  /// @param progress is told how far it is, by several threads
  public ModelPacker(PackOptions options, PackProgress progress) {
    this.options = options;
    this.progress = progress;
  }

  /// Packs a model on all cores, with some megabytes of memory for each. If others are at the same
  /// pack, waits for them first.
  ///
  /// @param source a folder with `config.json`, or a GGUF file
  /// @param target the file to write, in a folder that exists
  /// @throws MalformedModelException if there is no model this engine runs, or it has a weight that
  ///   is not finite
  /// @throws PackingException if the pack cannot be written, or is there and should not be
  public void pack(Path source, Path target, IfPresent ifPresent) {
    pack(() -> PackContent.open(source), target, ifPresent);
  }

  /// As the other, from any content.
  ///
  /// @param source is opened where the pack has to be written, and closed then
  public void pack(Supplier<PackContent> source, Path target, IfPresent ifPresent) {
    Path absolute = target.toAbsolutePath().normalize();
    requireFree(absolute, ifPresent);
    try (TargetLock _ = TargetLock.acquire(absolute, progress)) {
      requireFree(absolute, ifPresent); // somebody may have written it meanwhile
      if (ifPresent != IfPresent.KEEP || !isSound(absolute)) {
        write(source, absolute);
      }
    } catch (IOException e) {
      throw failure(absolute, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PackingException(absolute + ": interrupted while waiting for another process", e);
    }
  }

  private static void requireFree(Path target, IfPresent ifPresent) {
    if (ifPresent == IfPresent.REFUSE && Files.exists(target)) {
      throw new PackingException(target + ": is there already; force it, or choose another file");
    }
  }

  /// Whether a file is a pack that can be used.
  static boolean isSound(Path path) {
    if (!Files.exists(path)) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      ModelPack.open(path, arena);
      return true;
    } catch (MalformedModelException _) {
      return false; // it is replaced
    }
  }

  private void write(Supplier<PackContent> source, Path target) throws IOException {
    Path temporary = target.resolveSibling("." + target.getFileName() + ".tmp");
    try (PackContent content = source.get()) {
      var writer = new PackWriter(content, options);
      Files.deleteIfExists(temporary);
      requireRoom(target, writer.bytes());
      try {
        try (FileChannel file =
            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
          writer.write(file, target, progress);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (Throwable t) {
        discard(temporary, t);
        throw t;
      }
      synchronize(target.resolveSibling(""));
    }
  }

  private static void discard(Path temporary, Throwable reason) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  /// Makes the new name last. What a folder needs for that differs from system to system, and the
  /// content of the file is safe without it.
  private static void synchronize(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // a system that does not open folders
    }
  }

  private static void requireRoom(Path target, long bytes) throws IOException {
    long free = Files.getFileStore(target.resolveSibling("")).getUsableSpace();
    if (free < bytes) {
      throw new PackingException(
          "%s: the pack takes %s, but there are only %s free; make room or choose another folder"
              .formatted(target, megabytes(bytes), megabytes(free)));
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", Math.ceilDiv(bytes, 1_000_000));
  }

  private static PackingException failure(Path target, IOException e) {
    String problem =
        switch (e) {
          case NoSuchFileException _ -> "there is no folder " + target.getParent();
          case AccessDeniedException denied ->
              "this user may not write " + denied.getFile() + "; choose another folder";
          case FileSystemException system when system.getReason() != null ->
              "cannot write %s: %s".formatted(system.getFile(), system.getReason());
          default -> "cannot be written: " + e.getMessage();
        };
    return new PackingException(target + ": " + problem, e);
  }
}
