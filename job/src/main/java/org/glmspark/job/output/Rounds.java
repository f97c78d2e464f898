package org.glmspark.job.output;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/// The rounds of an output: each a folder `round=N`, which Spark reads as a column of that name.
///
/// ```
/// commit     _glm/staging/UUID  ──rename──▶ round=N
/// replace    round=N            ──rename──▶ _glm/replaced/round=N
///            _glm/staging/UUID  ──rename──▶ round=N
///            _glm/replaced/round=N removed
/// recover    _glm/replaced/round=N: removed if there is a round=N, else moved back
///            _glm/staging removed
/// ```
public final class Rounds {
  /// What tells of which run a round is.
  private static final String ROUND_FILE = "_round.json";

  private final FileSystem files;
  private final Path folder;
  private final String column;
  private final Pattern name;
  private final OutputLock lock;

  /// @param folder of the output
  /// @param column the name that readers see the number of a round under
  /// @param lock of the output, held
  Rounds(FileSystem files, Path folder, String column, OutputLock lock) {
    this.files = files;
    this.folder = folder;
    this.column = column;
    this.name = Pattern.compile(Pattern.quote(column) + "=([1-9][0-9]{0,8})");
    this.lock = lock;
  }

  /// The folder that all rounds lie in.
  public Path folder() {
    return folder;
  }

  /// The name that readers see the number of a round under.
  public String column() {
    return column;
  }

  /// Those that are committed, in their order.
  public List<Round> committed() throws IOException {
    List<Round> found = new ArrayList<>();
    if (!files.exists(folder)) {
      return found;
    }
    for (FileStatus child : files.listStatus(folder)) {
      Matcher number = name.matcher(child.getPath().getName());
      if (child.isDirectory() && number.matches()) {
        found.add(new Round(Integer.parseInt(number.group(1)), child.getPath()));
      }
    }
    found.sort(Comparator.comparingInt(Round::number));
    return found;
  }

  /// A new folder to write rows into, append to it; nobody reads it there.
  public Path stage() throws IOException {
    Path staged = new Path(staging(), UUID.randomUUID().toString());
    if (!files.mkdirs(staged)) {
      throw new IOException("cannot make '%s'".formatted(staged));
    }
    return staged;
  }

  /// Removes what was staged and is not wanted any more.
  public void discard(Path staged) throws IOException {
    files.delete(staged, true);
  }

  /// Makes staged rows the next round.
  ///
  /// @param description of the round, JSON
  /// @throws IOException if it cannot be done, or another run has taken the lock; the rows are not
  ///   in the output then
  public Round commit(Path staged, byte[] description) throws IOException {
    List<Round> before = committed();
    int number = before.isEmpty() ? 1 : before.getLast().number() + 1;
    Path target = new Path(folder, column + "=" + number);
    describe(staged, description);
    lock.requireHeld();
    rename(files, staged, target);
    return new Round(number, target);
  }

  /// Puts staged rows in the place of a round.
  ///
  /// @param description as for [#commit]
  public void replace(Round round, Path staged, byte[] description) throws IOException {
    Path old = new Path(replaced(), round.folder().getName());
    describe(staged, description);
    if (!files.mkdirs(replaced())) {
      throw new IOException("cannot make '%s'".formatted(replaced()));
    }
    lock.requireHeld();
    rename(files, round.folder(), old);
    try {
      rename(files, staged, round.folder());
    } catch (IOException e) {
      rename(files, old, round.folder());
      throw e;
    }
    files.delete(old, true);
  }

  private void describe(Path staged, byte[] description) throws IOException {
    try (FSDataOutputStream out = files.create(new Path(staged, ROUND_FILE), true)) {
      out.write(description);
    }
  }

  /// What [#commit] or [#replace] was given for a round.
  public byte[] description(Round round) throws IOException {
    try (FSDataInputStream in = files.open(new Path(round.folder(), ROUND_FILE))) {
      return in.readAllBytes();
    }
  }

  /// Puts in order what a run left that was killed.
  void recover() throws IOException {
    if (files.exists(replaced())) {
      for (FileStatus old : files.listStatus(replaced())) {
        Path round = new Path(folder, old.getPath().getName());
        if (files.exists(round)) {
          files.delete(old.getPath(), true);
        } else {
          rename(files, old.getPath(), round);
        }
      }
    }
    files.delete(staging(), true);
  }

  private Path staging() {
    return new Path(new Path(folder, OutputFolder.OWN_FOLDER), "staging");
  }

  private Path replaced() {
    return new Path(new Path(folder, OutputFolder.OWN_FOLDER), "replaced");
  }

  static void rename(FileSystem files, Path from, Path to) throws IOException {
    if (files.exists(to)) { // or a file system would move the folder into it
      throw new IOException("cannot rename '%s': '%s' exists".formatted(from, to));
    }
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename '%s' to '%s'".formatted(from, to));
    }
  }
}
