package org.glmspark.udfs.distribution;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// Where a model is, as users write it: `/models/glm`, `s3a://bucket/glm.glmpack`,
/// `files:glm.glmpack`.
public sealed interface ModelLocation extends Serializable {

  /// A path of the machine's own file system: the same on every node, and used where it lies.
  ///
  /// @param path absolute
  record OnEachNode(String path) implements ModelLocation {
    @Override
    public List<org.apache.hadoop.fs.Path> paths() {
      return List.of(new org.apache.hadoop.fs.Path(Path.of(path).toUri()));
    }

    @Override
    public String toString() {
      return path;
    }
  }

  /// A folder or file on a file system that Hadoop knows, `file:` among them: each node copies it.
  ///
  /// @param uri `scheme:/...`, as it was written
  record Remote(String uri) implements ModelLocation {
    @Override
    public List<org.apache.hadoop.fs.Path> paths() {
      return List.of(new org.apache.hadoop.fs.Path(uri));
    }

    @Override
    public String toString() {
      return uri;
    }
  }

  /// A file that was given to Spark by `--files`, or `spark.files`: Spark brings it to each
  /// executor, of which those of a node share one copy.
  ///
  /// @param name the file's own, without a folder
  record Given(String name) implements ModelLocation {
    @Override
    public List<org.apache.hadoop.fs.Path> paths() {
      return List.of(); // nobody can write there
    }

    @Override
    public String toString() {
      return GIVEN + name;
    }
  }

  /// What names of given files begin with.
  String GIVEN = "files:";

  /// Where the files are, for whoever must not write there; empty if that is up to Spark.
  List<org.apache.hadoop.fs.Path> paths();

  /// Reads what a user wrote. A relative path is meant from the current folder.
  ///
  /// @throws IllegalArgumentException if it is none of them; the message is a sentence without its
  ///   subject: `is "files:a/b", expected ...`
  static ModelLocation parse(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("is empty, expected a path, a URI or files:NAME");
    }
    if (text.startsWith(GIVEN)) {
      return given(text);
    }
    if (!Scheme.PATTERN.matcher(text).matches()) {
      return new OnEachNode(Path.of(text).toAbsolutePath().normalize().toString());
    }
    try {
      if (new org.apache.hadoop.fs.Path(text).isAbsolute()) {
        return new Remote(text);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "is \"%s\", which is no URI: %s".formatted(text, e.getMessage()), e);
    }
    throw new IllegalArgumentException(
        "is \"%s\", expected scheme:/ before the path of a URI".formatted(text));
  }

  private static Given given(String text) {
    String name = text.substring(GIVEN.length());
    if (name.isBlank() || name.contains("/") || name.startsWith(".")) {
      throw new IllegalArgumentException(
          "is \"%s\", expected files: and the plain name of a file that was given with --files"
              .formatted(text));
    }
    return new Given(name);
  }

  /// What tells a URI from a path.
  final class Scheme {
    private static final Pattern PATTERN = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*");

    private Scheme() {}
  }
}
