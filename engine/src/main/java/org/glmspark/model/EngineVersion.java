package org.glmspark.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/// Which build of this project is running.
public final class EngineVersion {
  private static final String VERSION = read("version.properties");

  private EngineVersion() {}

  /// The version as the build named it, such as `0.1.0-SNAPSHOT`.
  public static String current() {
    return VERSION;
  }

  private static String read(String resource) {
    try (InputStream stream = EngineVersion.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IllegalStateException(resource + " is missing beside " + EngineVersion.class);
      }
      var properties = new Properties();
      properties.load(stream);
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
