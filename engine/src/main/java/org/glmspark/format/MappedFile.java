package org.glmspark.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A file mapped into memory, read-only. Its pages are read when they are touched.
///
/// Touching a page that the file no longer has ends the whole process, and no program can catch
/// that: [#requireWhole] tells of it before.
public final class MappedFile {
  private static final long READ_AT_ONCE = 32 << 20;

  private final String name;
  private final MemorySegment data;

  /// Where the file is, and which one it is; null for content that was in memory.
  private final @Nullable Path path;

  private final @Nullable Object fileKey;

  private @Nullable Thread reader;
  private volatile boolean stopped;

  /// Content that is in memory already, under the name of a file.
  MappedFile(String name, MemorySegment data) {
    this(name, data, null, null);
  }

  private MappedFile(
      String name, MemorySegment data, @Nullable Path path, @Nullable Object fileKey) {
    this.name = name;
    this.data = data;
    this.path = path;
    this.fileKey = fileKey;
  }

  /// Maps a file of any size.
  ///
  /// @param arena owns the mapping
  /// @throws MalformedModelException if the file is missing, is no file, cannot be read or is empty
  public static MappedFile map(Path path, Arena arena) {
    String name = name(path);
    if (!Files.exists(path)) {
      throw new MalformedModelException(name, folder(path), "there is no such file");
    }
    if (!Files.isRegularFile(path)) {
      throw new MalformedModelException(name, folder(path), "is not a file, expected a file");
    }
    if (!Files.isReadable(path)) {
      throw new MalformedModelException(
          name, folder(path), "the file may not be read by this user");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      if (channel.size() == 0) {
        throw new MalformedModelException(name, folder(path), "the file is empty");
      }
      MemorySegment data = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
      return new MappedFile(name, data, path, attributes(path).fileKey());
    } catch (IOException e) {
      throw new MalformedModelException(name, folder(path), "the file cannot be read: " + e, e);
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class);
  }

  /// The file's name without its folder, for messages.
  public String name() {
    return name;
  }

  /// The whole file, at least one byte.
  public MemorySegment data() {
    return data;
  }

  /// Begins to touch all pages, in a thread of its own: who computes then waits neither for a disk
  /// nor, thousands of times, for the system to enter pages into its tables. The mapping's arena
  /// must be a shared one, and [#stopReading] be called before it is closed.
  public synchronized void startReading() {
    reader = Thread.ofPlatform().daemon().name("glm-pages").start(this::read);
  }

  private void read() {
    for (long offset = 0; offset < data.byteSize() && !stopped; offset += READ_AT_ONCE) {
      try {
        requireWhole();
      } catch (MalformedModelException _) {
        return; // whoever computes finds it too, and can say it
      }
      data.asSlice(offset, Math.min(READ_AT_ONCE, data.byteSize() - offset)).load();
    }
  }

  /// Ends what [#startReading] began, if it did, within some milliseconds or a read of the disk.
  public synchronized void stopReading() {
    stopped = true;
    boolean interrupted = false;
    while (reader != null && reader.isAlive()) { // it touches the memory that is freed next
      try {
        reader.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /// Asks the system for the file's size, some microseconds. For use before each time that the data
  /// is read in earnest.
  ///
  /// A file that was deleted or has another in its place is still there for this mapping, and
  /// nobody can shorten it by its name.
  ///
  /// @throws MalformedModelException if the file is shorter now than when it was mapped
  public void requireWhole() {
    if (path == null) {
      return;
    }
    BasicFileAttributes found;
    try {
      found = attributes(path);
    } catch (IOException _) {
      return; // deleted
    }
    if (Objects.equals(found.fileKey(), fileKey) && found.size() < data.byteSize()) {
      throw new MalformedModelException(
          name,
          "size",
          "%d bytes, expected %d as when it was opened; it was cut off while in use"
              .formatted(found.size(), data.byteSize()));
    }
  }

  /// The text that a part of the file holds in UTF-8.
  ///
  /// @param place what the text is, for messages
  /// @throws MalformedModelException if it is not UTF-8
  String text(MemorySegment bytes, String place) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedModelException(name, place, "is not UTF-8", e);
    }
  }

  private static String name(Path file) {
    Path name = file.getFileName();
    return name == null ? file.toString() : name.toString();
  }

  private static String folder(Path file) {
    return "in " + file.toAbsolutePath().normalize().getParent();
  }
}
