package org.glmspark.job.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.PathFilter;
import org.glmspark.job.options.OutputMode;
import org.glmspark.job.options.RefusedException;

/// The folder that a run writes, its own while the run lasts. A complete output is in its place, or
/// in one rename's reach of it, at every moment, whenever the run is killed.
///
/// ```
/// open      lock;  name missing, .name.old-* there: a run was killed between renames ──▶ move it back
/// begin     leftovers of killed runs removed; with mode overwrite the rounds go to .name.tmp-UUID
/// complete  name            ──rename──▶ .name.old-UUID    (mode overwrite, if there was one)
///           .name.tmp-UUID  ──rename──▶ name
///           .name.old-UUID removed
/// close     lock given back
/// ```
///
/// Only folders with `_glm/runs`, the settings of the runs that wrote them, are ever touched.
public final class OutputFolder implements AutoCloseable {
  /// Inside the output, for what is not rows: Spark skips names that begin with an underscore.
  static final String OWN_FOLDER = "_glm";

  /// Ends the name of a file that is being written; a dot begins it.
  private static final String TEMPORARY = ".tmp";

  private static final PathFilter UNFINISHED_RUN =
      path -> path.getName().startsWith(".") && path.getName().endsWith(".json" + TEMPORARY);

  private static final String UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

  private final FileSystem files;
  private final Path target;
  private final OutputMode mode;
  private final OutputLock lock;
  private final Path aside;
  private final Path old;

  private OutputFolder(FileSystem files, Path target, OutputMode mode, OutputLock lock) {
    this.files = files;
    this.target = target;
    this.mode = mode;
    this.lock = lock;
    UUID uuid = UUID.randomUUID();
    aside = sibling(".tmp-" + uuid);
    old = sibling(".old-" + uuid);
  }

  /// Takes a folder for this run, before any work; nothing is written into it yet.
  ///
  /// @param path the output's path; a symbolic link of the local file system is followed
  /// @param writer the process that is going to write
  /// @param sources what the run reads: files, folders or patterns
  /// @throws RefusedException if another run writes it, if it exists and must not be touched, or if
  ///   it is one with a source
  public static OutputFolder open(
      FileSystem files, Path path, OutputMode mode, WriterProcess writer, List<Path> sources)
      throws IOException {
    Path target = real(files, path);
    if (target.getParent() == null) {
      throw new RefusedException("output '%s' is a file system's top".formatted(target));
    }
    for (Path source : sources) {
      requireApart(files, target, source);
    }
    try {
      files.mkdirs(target.getParent());
    } catch (IOException e) {
      throw new RefusedException(
          "cannot write beside output '%s': %s".formatted(target, e.getMessage()), e);
    }
    OutputLock lock = OutputLock.take(files, target, writer);
    try {
      var output = new OutputFolder(files, target, mode, lock);
      output.restore();
      output.restoreRuns();
      output.check();
      return output;
    } catch (Throwable t) {
      lock.close();
      throw t;
    }
  }

  /// Where the output is going to be.
  public Path target() {
    return target;
  }

  private void check() throws IOException {
    if (!files.exists(target)) {
      return;
    }
    switch (mode) {
      case ERROR_IF_EXISTS ->
          throw new RefusedException(
              ("output '%s' exists; choose another path, --set output.mode=resume to add the rows "
                      + "that it lacks, or --set output.mode=overwrite to replace it once the new "
                      + "output is complete")
                  .formatted(target));
      case OVERWRITE, RESUME -> requireOwn();
    }
  }

  private void requireOwn() throws IOException {
    boolean empty =
        files.getFileStatus(target).isDirectory() && files.listStatus(target).length == 0;
    if (!empty && !files.exists(runs(target))) {
      throw new RefusedException(
          ("output '%s' exists and was not written by glm run (it has no %s/runs), so it is left "
                  + "alone; remove it or choose another path")
              .formatted(target, OWN_FOLDER));
    }
  }

  /// Prepares the folder that rounds are put into.
  ///
  /// @param column the name that readers see the number of a round under
  /// @throws RefusedException if it cannot be made
  public RoundWriter begin(String column) throws IOException {
    for (FileStatus leftover : siblings(".tmp-")) {
      files.delete(leftover.getPath(), true);
    }
    if (files.exists(target)) {
      for (FileStatus replaced : siblings(".old-")) {
        files.delete(replaced.getPath(), true);
      }
    }
    var rounds = new RoundWriter(files, new Rounds(files, writtenFolder(), column), lock);
    try {
      files.mkdirs(runs(writtenFolder()));
    } catch (IOException e) {
      throw new RefusedException(
          "cannot write output '%s': %s".formatted(writtenFolder(), e.getMessage()), e);
    }
    rounds.recover();
    return rounds;
  }

  private Path writtenFolder() {
    return mode == OutputMode.OVERWRITE ? aside : target;
  }

  /// Where something lies that is not rows.
  ///
  /// @param name its path in `_glm`
  public Path ownFile(String name) {
    return file(writtenFolder(), name);
  }

  /// Writes a file that is not rows, whole or not at all.
  ///
  /// @param name its path in `_glm`
  public void write(String name, byte[] bytes) throws IOException {
    Path file = ownFile(name);
    Path unfinished = new Path(file.getParent(), "." + file.getName() + TEMPORARY);
    try (FSDataOutputStream out = files.create(unfinished, true)) {
      out.write(bytes);
    }
    files.delete(file, false);
    RoundWriter.rename(files, unfinished, file);
  }

  /// Where a file that was written is once the output is complete.
  ///
  /// @param target the output
  /// @param name as for [#write]
  public static Path file(Path target, String name) {
    return new Path(new Path(target, OWN_FOLDER), name);
  }

  /// The files of the runs that wrote the output, the oldest first.
  public List<byte[]> runs() throws IOException {
    return runs(files, target);
  }

  /// The files of the runs that wrote an output, the oldest first; none if it is none of ours.
  public static List<byte[]> runs(FileSystem files, Path target) throws IOException {
    List<byte[]> runs = new ArrayList<>();
    if (files.exists(runs(target))) {
      FileStatus[] found = files.listStatus(runs(target), path -> path.getName().endsWith(".json"));
      Arrays.sort(found, Comparator.comparing(file -> file.getPath().getName()));
      for (FileStatus file : found) {
        try (FSDataInputStream in = files.open(file.getPath())) {
          runs.add(in.readAllBytes());
        }
      }
    }
    return runs;
  }

  /// Puts the rounds in their place, if they are not there yet.
  ///
  /// @throws IOException if it cannot be done; the old output, if there was one, is in its place
  ///   then
  public void complete() throws IOException {
    if (mode != OutputMode.OVERWRITE) {
      return;
    }
    lock.requireHeld();
    boolean replaces = files.exists(target);
    if (replaces) {
      RoundWriter.rename(files, target, old);
    }
    try {
      RoundWriter.rename(files, aside, target);
    } catch (IOException e) {
      if (replaces) {
        RoundWriter.rename(files, old, target);
      }
      throw e;
    }
    if (replaces && !files.delete(old, true)) {
      throw new IOException(
          "output '%s' is complete, but the one it replaces could not be removed from '%s'"
              .formatted(target, old));
    }
  }

  /// Removes what was written aside, if anything, and gives the lock back.
  @Override
  public void close() throws IOException {
    try {
      files.delete(aside, true);
    } finally {
      lock.close();
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
      RoundWriter.rename(files, newest.getPath(), target);
    }
  }

  /// Gives the files of runs their names that a killed run had taken away to write them again, and
  /// removes those that it had not written to their end.
  private void restoreRuns() throws IOException {
    if (!files.exists(runs(target))) {
      return;
    }
    for (FileStatus unfinished : files.listStatus(runs(target), UNFINISHED_RUN)) {
      Path path = unfinished.getPath();
      String name = path.getName();
      Path run = new Path(path.getParent(), name.substring(1, name.length() - TEMPORARY.length()));
      if (!files.exists(run) && isJson(path)) {
        RoundWriter.rename(files, path, run);
      } else {
        files.delete(path, false);
      }
    }
  }

  private boolean isJson(Path path) throws IOException {
    try (FSDataInputStream in = files.open(path)) {
      return new ObjectMapper().readTree(in.readAllBytes()).isObject();
    } catch (JsonProcessingException | ChecksumException _) { // broken off
      return false;
    }
  }

  private List<FileStatus> siblings(String kind) throws IOException {
    Pattern name = Pattern.compile(Pattern.quote("." + target.getName() + kind) + UUID_PATTERN);
    List<FileStatus> found = new ArrayList<>();
    for (FileStatus child : files.listStatus(target.getParent())) {
      if (name.matcher(child.getPath().getName()).matches()) {
        found.add(child);
      }
    }
    return found;
  }

  private Path sibling(String suffix) {
    return new Path(target.getParent(), "." + target.getName() + suffix);
  }

  private static Path runs(Path output) {
    return new Path(new Path(output, OWN_FOLDER), "runs");
  }

  private static void requireApart(FileSystem files, Path target, Path source) throws IOException {
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
