package org.glmspark.udfs.distribution;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a model that lies elsewhere consists of, to the byte. It travels from the driver to the
/// executors.
///
/// @param main the file that is the model, the others being its further parts; null where the
///   folder is the model
/// @param files all of them, in the order of their names
public record ModelFiles(@Nullable String main, List<ModelFile> files) implements Serializable {
  private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  ([0-9]{1,18})  ([^/]+)");

  public ModelFiles {
    files = files.stream().sorted(Comparator.comparing(ModelFile::name)).toList();
  }

  /// One file.
  ///
  /// @param name without a folder
  /// @param bytes its length
  /// @param sha256 of its content, in hexadecimal with lower case letters
  public record ModelFile(String name, long bytes, String sha256) implements Serializable {
    @Override
    public String toString() {
      return sha256 + "  " + bytes + "  " + name;
    }
  }

  /// The SHA-256 of [#text], in hexadecimal with lower case letters.
  String digest() {
    return HexFormat.of().formatHex(sha256().digest(text().getBytes(StandardCharsets.UTF_8)));
  }

  /// A line for each file: its SHA-256, its size, its name.
  String text() {
    return files.stream().map(file -> file + "\n").collect(Collectors.joining());
  }

  /// What [#text] gave, or null if this is something else.
  static @Nullable ModelFiles parse(@Nullable String main, String text) {
    List<Matcher> lines = text.lines().map(LINE::matcher).toList();
    return lines.isEmpty() || !lines.stream().allMatch(Matcher::matches)
        ? null
        : new ModelFiles(
            main,
            lines.stream()
                .map(line ->
                    new ModelFile(line.group(3), Long.parseLong(line.group(2)), line.group(1)))
                .toList());
  }

  /// Where the model is, if these files are in a folder.
  Path in(Path folder) {
    return main == null ? folder : folder.resolve(main);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
