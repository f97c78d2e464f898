package org.glmspark.job.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;
import org.glmspark.job.options.OutputMode;
import org.glmspark.job.options.RefusedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutputFolderTest {
  private static final byte[] NOTHING = "{}".getBytes(StandardCharsets.UTF_8);

  @TempDir java.nio.file.Path folder;
  private FileSystem local;
  private Path target;

  @BeforeEach
  void useTheLocalFileSystem() throws IOException {
    local = FileSystem.getLocal(new Configuration());
    target = new Path(folder.toRealPath().resolve("summaries").toUri());
  }

  /// A file system that stops to change anything after some changes, as when the process is killed.
  private static final class DyingFileSystem extends FilterFileSystem {
    private int changesLeft;

    DyingFileSystem(FileSystem files, int changes) {
      super(files);
      changesLeft = changes;
    }

    private void change() throws IOException {
      if (changesLeft == 0) {
        throw new IOException("killed");
      }
      changesLeft--;
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
      change();
      return super.rename(from, to);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
      change();
      return super.delete(path, recursive);
    }

    @Override
    public FSDataOutputStream create(
        Path path,
        FsPermission permission,
        boolean overwrite,
        int bufferBytes,
        short replication,
        long blockBytes,
        Progressable progress)
        throws IOException {
      change();
      return super.create(
          path, permission, overwrite, bufferBytes, replication, blockBytes, progress);
    }
  }

  private OutputFolder open(FileSystem files, OutputMode mode, Path... sources) throws IOException {
    return OutputFolder.open(files, target, mode, WriterProcess.current(), List.of(sources));
  }

  private static Path stage(FileSystem files, RoundWriter rounds, String row) throws IOException {
    Path staged = rounds.stage();
    try (FSDataOutputStream out = files.create(new Path(staged, "part-0"), true)) {
      out.writeBytes(row);
    }
    return staged;
  }

  /// One run that writes two rounds, of a row each.
  private void run(FileSystem files, OutputMode mode, String row) throws IOException {
    try (OutputFolder output = open(files, mode)) {
      RoundWriter rounds = output.begin("round");
      output.write("runs/a.json", NOTHING);
      rounds.commit(stage(files, rounds, row), NOTHING);
      rounds.commit(stage(files, rounds, row + " too"), NOTHING);
      output.complete();
    }
  }

  private void run(OutputMode mode, String row) throws IOException {
    run(local, mode, row);
  }

  private List<String> rows() throws IOException {
    List<String> rows = new ArrayList<>();
    open(local, OutputMode.RESUME).close(); // puts a folder back that was left aside
    for (Round round : new Rounds(local, target, "round").committed()) {
      rows.add(Files.readString(java.nio.file.Path.of(round.folder().toUri()).resolve("part-0")));
    }
    return rows;
  }

  private List<String> names() throws IOException {
    try (Stream<java.nio.file.Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anOutputThatIsNotThereIsMade(OutputMode mode) throws IOException {
    run(mode, "new");

    assertThat(rows()).containsExactly("new", "new too");
    assertThat(names()).containsExactly("summaries");
    try (Stream<java.nio.file.Path> files = Files.list(folder.resolve("summaries"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("_glm", "round=1", "round=2");
    }
  }

  @Test
  void resumingAddsRounds() throws IOException {
    run(OutputMode.RESUME, "old");
    run(OutputMode.RESUME, "new");

    assertThat(rows()).containsExactly("old", "old too", "new", "new too");
  }

  @Test
  void overwritingReplacesTheWholeOutput() throws IOException {
    run(OutputMode.OVERWRITE, "old");
    run(OutputMode.RESUME, "more");

    run(OutputMode.OVERWRITE, "new");

    assertThat(rows()).containsExactly("new", "new too");
    assertThat(names()).containsExactly("summaries");
  }

  /// Killed after any number of changes, some output is complete, and the next run puts all in
  /// order.
  @Test
  void aKilledRunNeverTakesTheOnlyCopyAlong() throws IOException {
    for (int changes = 0; ; changes++) {
      run(OutputMode.OVERWRITE, "old");
      boolean killed = dies(changes, files -> run(files, OutputMode.OVERWRITE, "new"));

      assertThat(rows())
          .as("killed after %d changes", changes)
          .isIn(List.of("old", "old too"), List.of("new", "new too"));
      run(OutputMode.OVERWRITE, "newer");
      assertThat(rows()).containsExactly("newer", "newer too");
      assertThat(names()).containsExactly("summaries");
      if (!killed) {
        assertThat(changes).isGreaterThan(8);
        return;
      }
    }
  }

  @Test
  void aKilledRunThatAddsLosesOneRoundAtMost() throws IOException {
    for (int changes = 0; ; changes++) {
      run(OutputMode.OVERWRITE, "old");
      boolean killed = dies(changes, files -> run(files, OutputMode.RESUME, "new"));

      assertThat(rows())
          .as("killed after %d changes", changes)
          .isIn(
              List.of("old", "old too"),
              List.of("old", "old too", "new"),
              List.of("old", "old too", "new", "new too"));
      assertThat(OutputFolder.runs(local, target)).hasSize(1);
      if (!killed) {
        assertThat(changes).isGreaterThan(5);
        return;
      }
    }
  }

  @Test
  void aFileOfARunThatWasNotWrittenToItsEndIsRemoved() throws IOException {
    run(OutputMode.RESUME, "old");
    Path runs = new Path(target, "_glm/runs");
    try (FSDataOutputStream out = local.create(new Path(runs, ".b.json.tmp"))) {
      out.write("{\"id\": \"b\"}".getBytes(StandardCharsets.UTF_8));
    }
    Files.writeString(folder.resolve("summaries/_glm/runs/.b.json.tmp"), "{\"id\":");

    open(local, OutputMode.RESUME).close();

    assertThat(OutputFolder.runs(local, target)).containsExactly(NOTHING);
    assertThat(local.listStatus(runs)).hasSize(1);
  }

  @Test
  void aRoundThatIsReplacedIsNeverLost() throws IOException {
    for (int changes = 0; ; changes++) {
      run(OutputMode.OVERWRITE, "old");
      boolean killed = dies(changes, this::replaceSecondRound);

      try (OutputFolder output = open(local, OutputMode.RESUME)) {
        output.begin("round");
      }
      assertThat(rows())
          .as("killed after %d changes", changes)
          .isIn(List.of("old", "old too"), List.of("old", "better"));
      if (!killed) {
        assertThat(rows()).containsExactly("old", "better");
        assertThat(changes).isGreaterThan(4);
        return;
      }
    }
  }

  private void replaceSecondRound(FileSystem files) throws IOException {
    try (OutputFolder output = open(files, OutputMode.RESUME)) {
      RoundWriter rounds = output.begin("round");
      Path staged = stage(files, rounds, "better");
      rounds.replace(rounds.rounds().committed().getLast(), staged, NOTHING);
    }
  }

  private interface Step {
    void run(FileSystem files) throws IOException;
  }

  /// Whether a step is cut short on a file system that dies; the process that ran it is gone then.
  private boolean dies(int changes, Step step) throws IOException {
    try {
      step.run(new DyingFileSystem(local, changes));
      return false;
    } catch (IOException | RefusedException _) {
      Files.deleteIfExists(folder.resolve(".summaries.lock")); // as by the next, see OutputLockTest
      return true;
    }
  }

  @Test
  void aFailedRunLeavesTheOldOutputAlone() throws IOException {
    run(OutputMode.OVERWRITE, "old");
    try (OutputFolder output = open(local, OutputMode.OVERWRITE)) {
      RoundWriter rounds = output.begin("round");
      rounds.commit(stage(local, rounds, "half"), NOTHING);
    }

    assertThat(rows()).containsExactly("old", "old too");
    assertThat(names()).containsExactly("summaries");
  }

  @Test
  void whatARunStagedAndDidNotCommitIsRemoved() throws IOException {
    try (OutputFolder output = open(local, OutputMode.RESUME)) {
      stage(local, output.begin("round"), "never committed");
    }
    run(OutputMode.RESUME, "new");

    assertThat(rows()).containsExactly("new", "new too");
    assertThat(folder.resolve("summaries/_glm/staging")).isEmptyDirectory();
  }

  @Test
  void anOutputThatExistsIsRefusedUnlessTheModeSaysWhatToDo() throws IOException {
    run(OutputMode.OVERWRITE, "old");

    assertThatThrownBy(() -> run(OutputMode.ERROR_IF_EXISTS, "new"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("summaries' exists")
        .hasMessageContaining("--set output.mode=overwrite");
    assertThat(rows()).containsExactly("old", "old too");
  }

  @ParameterizedTest
  @EnumSource(names = {"OVERWRITE", "RESUME"})
  void aFolderOfSomebodyElseIsNeverTouched(OutputMode mode) throws IOException {
    Files.createDirectory(folder.resolve("summaries"));
    Files.writeString(folder.resolve("summaries/thesis.txt"), "years of work");

    assertThatThrownBy(() -> run(mode, "new"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("was not written by glm run (it has no _glm/runs)");
    assertThat(names()).containsExactly("summaries");
    assertThat(folder.resolve("summaries/thesis.txt")).exists();
  }

  @ParameterizedTest
  @EnumSource(names = {"OVERWRITE", "RESUME"})
  void anEmptyFolderMayBeUsed(OutputMode mode) throws IOException {
    Files.createDirectory(folder.resolve("summaries"));

    run(mode, "new");

    assertThat(rows()).containsExactly("new", "new too");
  }

  @ParameterizedTest
  @ValueSource(strings = {"summaries", "summaries/round=1", "summaries/*", ".", "linked"})
  void anOutputMustNotLieInWhatTheRunReads(String source) throws IOException {
    run(OutputMode.OVERWRITE, "old");
    Files.createSymbolicLink(folder.resolve("linked"), folder.resolve("summaries"));
    Path read = new Path("file:" + folder.resolve(source));

    assertThatThrownBy(() -> open(local, OutputMode.OVERWRITE, read))
        .isInstanceOf(RefusedException.class)
        .hasMessageEndingWith("which the run reads, must not lie in each other");
  }

  @Test
  void neighboursWithNearlyTheSameNameAreNoSources() throws IOException {
    Files.createDirectory(folder.resolve("summaries-in"));
    Path read = new Path("file:" + folder.resolve("summaries-in"));

    try (OutputFolder output = open(local, OutputMode.OVERWRITE, read)) {
      assertThat(output.target()).isEqualTo(new Path("file:" + folder.toRealPath() + "/summaries"));
    }
  }

  @Test
  void aLinkIsFollowedAndStays() throws IOException {
    Files.createDirectory(folder.resolve("disk"));
    Files.createSymbolicLink(folder.resolve("summaries"), folder.resolve("disk"));

    run(OutputMode.OVERWRITE, "new");

    assertThat(folder.resolve("summaries")).isSymbolicLink();
    assertThat(folder.resolve("disk/round=1/part-0")).hasContent("new");
  }
}
