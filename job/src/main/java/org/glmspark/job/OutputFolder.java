package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.glmspark.job.options.OutputMode;

/// The folder that a run writes. A complete output is in its place, or in one rename's reach of it,
/// at every moment, whenever the run is killed.
///
/// ```
/// check     name missing, .name.old-* there: a run was killed between its renames ──▶ move it back
/// begin     leftovers of runs that ended ──▶ removed;  .name.tmp-<uuid>/_glm/writer.json
///           ... Spark writes into .name.tmp-<uuid> ...
/// commit    .name.tmp-<uuid>/_glm/run.json                  the new output is complete
///           name            ──rename──▶ .name.old-<uuid>    (mode overwrite, if there was one)
///           .name.tmp-<uuid> ──rename──▶ name
///           .name.old-<uuid> removed
/// ```
///
/// Only folders with `_glm/run.json`, the settings of the run that wrote them, are ever replaced.
/// Where a rename is no single step (object stores), a reader may see the folder between the two.
final class OutputFolder {
  /// Inside the output, for what is not rows: Spark skips names that begin with an underscore.
  private static final String OWN_FOLDER = "_glm";

  private static final String UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  /// How long nothing must have changed in what a run on another machine left, to call it ended.
  private static final Duration ABANDONED = Duration.ofDays(7);

  private final FileSystem files;
  private final Path target;
  private final OutputMode mode;
  private final WriterProcess writer;
  private final Path aside;
  private final Path old;

  /// @param target the output's path; a symbolic link of the local file system is followed
  /// @param writer the process that is going to write
  OutputFolder(FileSystem files, Path target, OutputMode mode, WriterProcess writer)
      throws IOException {
    this.files = files;
    this.target = real(files, target);
    this.mode = mode;
    this.writer = writer;
    if (this.target.getParent() == null) {
      throw new RefusedException("output '%s' is a file system's top".formatted(this.target));
    }
    UUID uuid = UUID.randomUUID();
    aside = sibling(".tmp-" + uuid);
    old = sibling(".old-" + uuid);
  }

  /// Where the output is going to be.
  Path target() {
    return target;
  }

  /// Refuses a folder that must not be written, before any work.
  ///
  /// @param sources what the run reads: files, folders or patterns
  /// @throws RefusedException if the folder exists and must not be replaced, or is one with a
  ///   source
  void check(List<Path> sources) throws IOException {
    for (Path source : sources) {
      requireApart(source);
    }
    restore();
    if (!files.exists(target)) {
      return;
    }
    switch (mode) {
      case ERROR_IF_EXISTS ->
          throw new RefusedException(
              ("output '%s' exists; choose another path, or --set output.mode=overwrite to replace "
                      + "it once the new output is complete")
                  .formatted(target));
      case OVERWRITE -> requireReplaceable();
    }
  }

  /// Makes the folder that Spark writes into; append to it.
  ///
  /// @throws RefusedException if it cannot be made
  Path begin() throws IOException {
    removeLeftovers();
    try {
      write(new Path(ownFolder(aside), "writer.json"), writer.json());
    } catch (IOException e) {
      throw new RefusedException(
          "cannot write beside output '%s': %s".formatted(target, e.getMessage()), e);
    }
    return aside;
  }

  /// Puts the new output in its place.
  ///
  /// @param run the settings and numbers of the run, JSON, which stay with the output
  /// @throws IOException if it cannot be done; the old output, if there was one, is in its place
  ///   then
  void commit(byte[] run) throws IOException {
    write(marker(aside), run);
    boolean replaces = files.exists(target);
    if (replaces) {
      if (mode != OutputMode.OVERWRITE) {
        throw new IOException("output '%s' appeared during the run".formatted(target));
      }
      rename(target, old);
    }
    try {
      rename(aside, target);
    } catch (IOException e) {
      if (replaces) {
        rename(old, target);
      }
      throw e;
    }
    files.delete(new Path(ownFolder(target), "writer.json"), false);
    if (replaces && !files.delete(old, true)) {
      throw new IOException(
          "output '%s' is complete, but the one it replaces could not be removed from '%s'"
              .formatted(target, old));
    }
  }

  /// Removes what was written, if anything; the old output was never touched.
  void abandon() throws IOException {
    files.delete(aside, true);
  }

  private void requireApart(Path source) throws IOException {
    FileStatus[] matches =
        source.getFileSystem(files.getConf()).globStatus(source); // null if there is no such file
    List<Path> paths =
        matches == null
            ? List.of(source)
            : Arrays.stream(matches).map(FileStatus::getPath).toList();
    for (Path path : paths) {
      Path read = real(path.getFileSystem(files.getConf()), path);
      if (isInside(target, read) || isInside(read, target)) {
        throw new RefusedException(
            "output '%s' and '%s', which the run reads, must not lie in each other"
                .formatted(target, read));
      }
    }
  }

  private void requireReplaceable() throws IOException {
    boolean ours = files.exists(marker(target));
    boolean empty =
        files.getFileStatus(target).isDirectory() && files.listStatus(target).length == 0;
    if (!ours && !empty) {
      throw new RefusedException(
          ("output '%s' exists and was not written by glm (it has no %s/run.json), so it is not "
                  + "replaced; remove it or choose another path")
              .formatted(target, OWN_FOLDER));
    }
  }

  /// Moves an output back that a killed run had put aside and not replaced.
  private void restore() throws IOException {
    if (files.exists(target)) {
      return;
    }
    List<FileStatus> olds = siblings(".old-");
    if (!olds.isEmpty()) {
      FileStatus newest =
          olds.stream().max(Comparator.comparingLong(FileStatus::getModificationTime)).get();
      rename(newest.getPath(), target);
    }
  }

  private void removeLeftovers() throws IOException {
    if (files.exists(marker(target))) {
      for (FileStatus replaced : siblings(".old-")) {
        files.delete(replaced.getPath(), true);
      }
    }
    for (FileStatus unfinished : siblings(".tmp-")) {
      if (isAbandoned(unfinished.getPath())) {
        files.delete(unfinished.getPath(), true);
      }
    }
  }

  private boolean isAbandoned(Path folder) throws IOException {
    return switch (writerState(new Path(ownFolder(folder), "writer.json"))) {
      case RUNS -> false;
      case ENDED -> true;
      case UNKNOWN -> System.currentTimeMillis() - newestChange(folder) > ABANDONED.toMillis();
    };
  }

  private WriterProcess.State writerState(Path writerFile) throws IOException {
    if (!files.exists(writerFile)) {
      return WriterProcess.State.UNKNOWN;
    }
    try {
      return WriterProcess.fromJson(read(writerFile)).state();
    } catch (JsonProcessingException _) { // killed, or not finished, while it wrote these few bytes
      return WriterProcess.State.UNKNOWN;
    }
  }

  private long newestChange(Path folder) throws IOException {
    long newest = files.getFileStatus(folder).getModificationTime();
    for (FileStatus child : files.listStatus(folder)) {
      newest =
          Math.max(
              newest,
              child.isDirectory() ? newestChange(child.getPath()) : child.getModificationTime());
    }
    return newest;
  }

  private List<FileStatus> siblings(String kind) throws IOException {
    Path parent = target.getParent();
    if (!files.exists(parent)) {
      return List.of();
    }
    Pattern name = Pattern.compile(Pattern.quote("." + target.getName() + kind) + UUID_PATTERN);
    List<FileStatus> found = new ArrayList<>();
    for (FileStatus child : files.listStatus(parent)) {
      if (name.matcher(child.getPath().getName()).matches()) {
        found.add(child);
      }
    }
    return found;
  }

  private Path sibling(String suffix) {
    return new Path(target.getParent(), "." + target.getName() + suffix);
  }

  /// Where an output has what is not rows.
  static Path ownFolder(Path output) {
    return new Path(output, OWN_FOLDER);
  }

  private static Path marker(Path output) {
    return new Path(ownFolder(output), "run.json");
  }

  private void rename(Path from, Path to) throws IOException {
    if (files.exists(to)) { // or a file system would move the folder into it
      throw new IOException("cannot rename '%s': '%s' exists".formatted(from, to));
    }
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename '%s' to '%s'".formatted(from, to));
    }
  }

  private void write(Path file, byte[] bytes) throws IOException {
    try (FSDataOutputStream out = files.create(file, true)) {
      out.write(bytes);
    }
  }

  private byte[] read(Path file) throws IOException {
    try (FSDataInputStream in = files.open(file)) {
      return in.readAllBytes();
    }
  }

  private static boolean isInside(Path inner, Path outer) {
    for (Path path = inner; path != null; path = path.getParent()) {
      if (path.equals(outer)) {
        return true;
      }
    }
    return false;
  }

  /// The absolute path with scheme; on the local file system without symbolic links.
  private static Path real(FileSystem files, Path path) throws IOException {
    Path qualified = path.makeQualified(files.getUri(), files.getWorkingDirectory());
    if (!files.getUri().getScheme().equals("file")) {
      return qualified;
    }
    return new Path("file:" + real(java.nio.file.Path.of(qualified.toUri().getPath()).normalize()));
  }

  private static java.nio.file.Path real(java.nio.file.Path local) throws IOException {
    java.nio.file.Path parent = local.getParent();
    return parent == null || Files.exists(local)
        ? local.toRealPath()
        : real(parent).resolve(parent.relativize(local));
  }
}
