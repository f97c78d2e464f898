package org.glmspark.udfs.distribution;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.glmspark.udfs.distribution.ModelFiles.ModelFile;
import org.jspecify.annotations.Nullable;

/// A model's folder or file on a file system that Hadoop knows.
///
/// Of a folder those files are meant that a model may be made of: `.json`, `.model`, `.py` and
/// `.safetensors`, or where there are none of these `.bin`. Of a GGUF file that was split, all
/// parts.
public final class RemoteModel {
  private static final String CONFIG = "config.json";
  private static final String SAFETENSORS = "safetensors";
  private static final String TORCH = "bin";
  private static final Set<String> EXTENSIONS = Set.of("json", "model", "py", SAFETENSORS, TORCH);
  private static final Pattern PART = Pattern.compile("(.*)-[0-9]{5}-of-([0-9]{5})\\.gguf");
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path path;
  private final FileSystem fileSystem;

  /// A file to copy.
  record RemoteFile(Path path, long bytes) {
    String name() {
      return path.getName();
    }
  }

  /// What is there now.
  ///
  /// @param main as in [ModelFiles]
  /// @param stamp equal as long as no file is exchanged, as far as can be told without reading them
  record Listing(@Nullable String main, List<RemoteFile> files, String stamp) {}

  /// Takes what is read.
  interface Sink {
    void write(ByteBuffer content) throws IOException;
  }

  private RemoteModel(Path path, FileSystem fileSystem) {
    this.path = path;
    this.fileSystem = fileSystem;
  }

  /// The model at a URI. Nothing is read yet.
  ///
  /// @throws ModelCopyException if there is no such file system
  public static RemoteModel at(Path uri, Configuration configuration) {
    try {
      FileSystem fileSystem = uri.getFileSystem(configuration);
      return new RemoteModel(fileSystem.makeQualified(uri), LocalFiles.inPlaceOf(fileSystem));
    } catch (IOException | RuntimeException e) { // for a host or a class that is not found
      throw unreadable(uri, e);
    }
  }

  /// What to call copies: the last name of the path, in characters that every system takes.
  String name() {
    String safe = path.getName().replaceAll("[^A-Za-z0-9._-]", "_");
    return safe.isEmpty() || safe.startsWith(".") ? "model" + safe : safe;
  }

  @Override
  public String toString() {
    return path.toString();
  }

  /// Looks what is there.
  ///
  /// @throws ModelCopyException if it cannot be read, or is a folder without a model
  Listing list() {
    try {
      FileStatus found = fileSystem.getFileStatus(path);
      return found.isDirectory()
          ? listing(null, folder(fileSystem.listStatus(path)))
          : listing(path.getName(), parts(found));
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private List<FileStatus> folder(FileStatus[] all) {
    List<FileStatus> files =
        Arrays.stream(all)
            .filter(FileStatus::isFile)
            .filter(file -> EXTENSIONS.contains(extension(file)))
            .sorted(Comparator.comparing(file -> file.getPath().getName()))
            .toList();
    if (files.stream().noneMatch(file -> file.getPath().getName().equals(CONFIG))) {
      throw new ModelCopyException(
          "%s: this folder has no %s; expected a model's folder, or the URI of a pack or a GGUF file"
              .formatted(path, CONFIG));
    }
    return files.stream().anyMatch(file -> extension(file).equals(SAFETENSORS))
        ? files.stream().filter(file -> !extension(file).equals(TORCH)).toList()
        : files;
  }

  private static String extension(FileStatus file) {
    String name = file.getPath().getName();
    return name.startsWith(".") ? "" : name.substring(name.lastIndexOf('.') + 1);
  }

  private List<FileStatus> parts(FileStatus file) throws IOException {
    Matcher part = PART.matcher(path.getName());
    if (!part.matches()) {
      return List.of(file);
    }
    int count = Integer.parseInt(part.group(2));
    Path folder = path.getParent();
    var files = new FileStatus[count];
    for (int i = 0; i < count; i++) {
      Path other =
          new Path(
              folder,
              String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", part.group(1), i + 1, count));
      try {
        files[i] = fileSystem.getFileStatus(other);
      } catch (IOException e) {
        throw unreadable(other, e);
      }
    }
    return List.of(files);
  }

  private Listing listing(@Nullable String main, List<FileStatus> found) {
    String stamps = found.stream().map(RemoteModel::stamp).collect(Collectors.joining());
    return new Listing(
        main,
        found.stream().map(file -> new RemoteFile(file.getPath(), file.getLen())).toList(),
        HexFormat.of()
            .formatHex(ModelFiles.sha256().digest(stamps.getBytes(StandardCharsets.UTF_8))));
  }

  private static String stamp(FileStatus file) {
    return "%d  %d  %s  %s%n"
        .formatted(
            file.getLen(),
            file.getModificationTime(),
            file instanceof EtagSource source ? source.getEtag() : "-",
            file.getPath());
  }

  /// The same files where they lie here.
  List<RemoteFile> locate(ModelFiles files) {
    @Nullable Path folder = files.main() == null ? path : path.getParent();
    return files.files().stream()
        .map(file -> new RemoteFile(new Path(folder, file.name()), file.bytes()))
        .toList();
  }

  /// Reads a file to its end.
  ///
  /// @throws ModelCopyException if it cannot be read, or is of another length
  /// @throws IOException if the sink throws it
  ModelFile read(RemoteFile file, Sink sink) throws IOException {
    var digest = ModelFiles.sha256();
    byte[] buffer = new byte[BUFFER_BYTES];
    long bytes = 0;
    try (var in = new Source(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        bytes += count;
        requireLength(file, bytes <= file.bytes(), "is longer than");
        digest.update(buffer, 0, count);
        sink.write(ByteBuffer.wrap(buffer, 0, count));
      }
    }
    requireLength(file, bytes == file.bytes(), "ends after %,d bytes, before".formatted(bytes));
    return new ModelFile(file.name(), bytes, HexFormat.of().formatHex(digest.digest()));
  }

  private static void requireLength(RemoteFile file, boolean fits, String found) {
    if (!fits) {
      throw new ModelCopyException(
          "%s: %s the %,d bytes it had when it was looked at; if it is being written, run again once it is complete"
              .formatted(file.path(), found, file.bytes()));
    }
  }

  /// Tells failures of reading from those of the sink.
  private final class Source implements AutoCloseable {
    private final RemoteFile file;
    private final FSDataInputStream in;

    Source(RemoteFile file) {
      this.file = file;
      try {
        in = fileSystem.open(file.path());
      } catch (IOException e) {
        throw unreadable(file.path(), e);
      }
    }

    /// As [java.io.InputStream#read(byte[])].
    int read(byte[] buffer) {
      if (Thread.currentThread().isInterrupted()) {
        throw new ModelCopyException(file.path() + ": interrupted while it was copied");
      }
      try {
        return in.read(buffer);
      } catch (IOException e) {
        throw unreadable(file.path(), e);
      }
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw unreadable(file.path(), e);
      }
    }
  }

  private static ModelCopyException unreadable(Path path, Exception e) {
    String problem =
        switch (e) {
          case ChecksumException checksum ->
              "is damaged: its content does not fit its checksum at byte %,d; put a sound file there, and run again"
                  .formatted(checksum.getPos());
          case FileNotFoundException _ -> "there is no such file or folder";
          case AccessControlException _ -> "this user may not read it: " + e.getMessage();
          case UnsupportedFileSystemException _ ->
              "Spark knows no file system of this kind (%s); its jar and settings belong to Spark's own"
                  .formatted(e.getMessage());
          default -> "cannot be read: " + e;
        };
    return new ModelCopyException(path + ": " + problem, e);
  }
}
