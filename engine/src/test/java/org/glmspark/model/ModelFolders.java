package org.glmspark.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// The golden models of the test resources, and copies of them to break.
final class ModelFolders {
  static final String CHAT = "glm-4-9b-chat";
  static final String CHAT_1M = "glm-4-9b-chat-1m";
  static final String CHAT_HF = "glm-4-9b-chat-hf";
  static final List<String> ALL = List.of(CHAT, CHAT_1M, CHAT_HF);

  private ModelFolders() {}

  static Path golden(String name) {
    try {
      URL url = Objects.requireNonNull(ModelFolders.class.getResource("/golden/" + name));
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Copies a golden model into an existing folder.
  static void copy(String name, Path target) {
    try (Stream<Path> files = Files.list(golden(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName().toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Replaces a part of a text file, which must be there.
  static void replace(Path file, String old, String replacement) {
    try {
      String before = Files.readString(file);
      if (!before.contains(old)) {
        throw new IllegalArgumentException("no '%s' in %s".formatted(old, before));
      }
      Files.writeString(file, before.replace(old, replacement));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
