package org.glmspark.format;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A file mapped into memory, read-only. Its pages are read when they are touched.
///
/// Touching a page that the file no longer has ends the whole process, and no program can catch
/// that: [#requireWhole] tells of it before.
public final class MappedFile {
  private final String name;
  private final MemorySegment data;
  private final @Nullable RandomAccessFile file;

  /// Content that is in memory already, under the name of a file.
  MappedFile(String name, MemorySegment data) {
    this(name, data, null);
  }

  private MappedFile(String name, MemorySegment data, @Nullable RandomAccessFile file) {
    this.name = name;
    this.data = data;
    this.file = file;
  }

  /// Maps a file of any size. It stays open until the arena is closed.
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
    try {
      return map(path, new RandomAccessFile(path.toFile(), "r"), arena);
    } catch (IOException e) {
      throw new MalformedModelException(name, folder(path), "the file cannot be read: " + e, e);
    }
  }

  private static MappedFile map(Path path, RandomAccessFile file, Arena arena) throws IOException {
    closeWith(arena, file);
    if (file.length() == 0) {
      throw new MalformedModelException(name(path), folder(path), "the file is empty");
    }
    MemorySegment data = file.getChannel().map(MapMode.READ_ONLY, 0, file.length(), arena);
    return new MappedFile(name(path), data, file);
  }

  /// An arena runs what belongs to a segment when it is closed, so here is one without memory.
  @SuppressWarnings("restricted") // there is nothing to reach through it
  private static void closeWith(Arena arena, RandomAccessFile file) {
    MemorySegment _ =
        MemorySegment.NULL.reinterpret(
            arena,
            _ -> {
              try {
                file.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  /// The file's name without its folder, for messages.
  public String name() {
    return name;
  }

  /// The whole file, at least one byte.
  public MemorySegment data() {
    return data;
  }

  /// Asks the system for the file's size, about a microsecond. For use before each time that the
  /// data is read in earnest.
  ///
  /// @throws MalformedModelException if the file is shorter now than when it was mapped
  public void requireWhole() {
    if (file == null) {
      return;
    }
    try {
      long found = file.length(); // unlike that of a channel, safe in threads that are interrupted
      if (found < data.byteSize()) {
        throw new MalformedModelException(
            name,
            "size",
            "%d bytes, expected %d as when it was opened; it was cut off while in use"
                .formatted(found, data.byteSize()));
      }
    } catch (IOException e) {
      throw new MalformedModelException(name, "size", "cannot be read any more: " + e, e);
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
