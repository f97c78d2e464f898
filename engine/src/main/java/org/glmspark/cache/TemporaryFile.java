package org.glmspark.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Memory in a file that only this process sees.
///
/// The file has lost its name by the time it is mapped, where the system allows that, so nothing is
/// left behind however the process ends. All of it is written before use: a system that found the
/// disk full only when a page is touched would end the process, and no program can catch that. A
/// file system that writes elsewhere what is written again (copy on write) gives no such warranty.
final class TemporaryFile {
  private static final String PREFIX = "glm-kv-cache-";
  private static final int CHUNK_BYTES = 1 << 20;

  private TemporaryFile() {}

  /// Allocates zeroed memory in a file.
  ///
  /// @param folder an existing folder, or null for that of the JVM's temporary files
  /// @param arena owns the memory
  /// @throws UncheckedIOException if the disk has no room for it, or the folder takes no files
  static MemorySegment map(@Nullable Path folder, long bytes, Arena arena) {
    try {
      Path file =
          folder == null
              ? Files.createTempFile(PREFIX, null)
              : Files.createTempFile(folder, PREFIX, null); // nobody else may read it
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE)) {
        requireRoom(file.resolveSibling(""), bytes);
        write(channel, bytes);
        return channel.map(MapMode.READ_WRITE, 0, bytes, arena);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s: a key-value cache of %s cannot lie here: %s; choose another folder or a smaller cache"
              .formatted(
                  folder == null ? "the folder of temporary files" : folder,
                  megabytes(bytes),
                  reason(e)),
          e);
    }
  }

  /// Asked first, so that a cache that is far too large does not fill the disk for everybody.
  private static void requireRoom(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < bytes) {
      throw new FileSystemException(
          folder.toString(), null, "only %s are free".formatted(megabytes(free)));
    }
  }

  private static void write(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK_BYTES, bytes));
    for (long written = 0; written < bytes; ) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - written));
      written += channel.write(zeros, written);
    }
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such folder";
      case FileSystemException system when system.getReason() != null -> system.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", Math.ceilDiv(bytes, 1_000_000));
  }
}
