package org.glmspark.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file mapped into memory, read-only. Its pages are read when they are touched.
///
/// @param name the file's name without its folder, for messages
/// @param data the whole file, at least one byte
public record MappedFile(String name, MemorySegment data) {

  /// Maps a file of any size.
  ///
  /// @param arena owns the mapping
  /// @throws MalformedModelException if the file is missing, is no file, cannot be read or is empty
  public static MappedFile map(Path file, Arena arena) {
    String name = name(file);
    if (!Files.exists(file)) {
      throw new MalformedModelException(name, folder(file), "there is no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw new MalformedModelException(name, folder(file), "is not a file, expected a file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() == 0) {
        throw new MalformedModelException(name, folder(file), "the file is empty");
      }
      return new MappedFile(name, channel.map(MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException e) {
      throw unreadable(file, e);
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

  /// Why a file that is there could not be read, as a sentence.
  static MalformedModelException unreadable(Path file, IOException cause) {
    String problem =
        cause instanceof AccessDeniedException
            ? "the file may not be read by this user"
            : "the file cannot be read: " + cause;
    return new MalformedModelException(name(file), folder(file), problem, cause);
  }

  private static String name(Path file) {
    Path name = file.getFileName();
    return name == null ? file.toString() : name.toString();
  }

  private static String folder(Path file) {
    return "in " + file.toAbsolutePath().normalize().getParent();
  }
}
