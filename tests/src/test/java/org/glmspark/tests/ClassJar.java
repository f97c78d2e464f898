package org.glmspark.tests;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/// Jars of single classes, for processes that must not see the other classes of the tests.
final class ClassJar {
  private ClassJar() {}

  /// Writes a jar of a class and the classes inside it.
  ///
  /// @param type not one inside another
  static void write(Path jar, Class<?> type) throws IOException {
    String name = type.getSimpleName();
    String folder = type.getPackageName().replace('.', '/') + "/";
    try (OutputStream out = Files.newOutputStream(jar);
        var entries = new JarOutputStream(out);
        DirectoryStream<Path> files =
            Files.newDirectoryStream(folder(type), name + "{,$*}.class")) {
      for (Path file : files) {
        entries.putNextEntry(new JarEntry(folder + file.getFileName()));
        Files.copy(file, entries);
      }
    }
  }

  private static Path folder(Class<?> type) {
    try {
      return Path.of(
              Objects.requireNonNull(type.getResource(type.getSimpleName() + ".class")).toURI())
          .getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a resource's address", e);
    }
  }
}
