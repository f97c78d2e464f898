package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutputFolderTest {
  /// A process that ended: number 1 of this machine, but another one than runs now.
  private static final WriterProcess ENDED =
      new WriterProcess(WriterProcess.current().host(), 1, 0);

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

  private OutputFolder output(FileSystem files, OutputMode mode, WriterProcess writer)
      throws IOException {
    return new OutputFolder(files, target, mode, writer);
  }

  /// One run that writes a row.
  private void run(FileSystem files, OutputMode mode, WriterProcess writer, String row)
      throws IOException {
    OutputFolder output = output(files, mode, writer);
    output.check(List.of());
    Path aside = output.begin();
    try (FSDataOutputStream out = files.create(new Path(aside, "part-0"), true)) {
      out.writeBytes(row);
    }
    output.commit("{}".getBytes(StandardCharsets.UTF_8));
  }

  private void run(OutputMode mode, String row) throws IOException {
    run(local, mode, WriterProcess.current(), row);
  }

  private String row() throws IOException {
    return Files.readString(folder.resolve("summaries/part-0"));
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

    assertThat(row()).isEqualTo("new");
    assertThat(names()).containsExactly("summaries");
    assertThat(folder.resolve("summaries/_glm/run.json")).hasContent("{}");
    assertThat(folder.resolve("summaries/_glm/writer.json")).doesNotExist();
  }

  @Test
  void overwritingReplacesTheWholeOutput() throws IOException {
    run(OutputMode.OVERWRITE, "old");
    Files.writeString(folder.resolve("summaries/part-1"), "more of the old");

    run(OutputMode.OVERWRITE, "new");

    assertThat(row()).isEqualTo("new");
    assertThat(folder.resolve("summaries/part-1")).doesNotExist();
    assertThat(names()).containsExactly("summaries");
  }

  /// Eight changes make a run that overwrites; killed after any of them, some output is complete,
  /// and the next run puts all in order.
  @ParameterizedTest(name = "killed after {0} changes")
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  void aKilledRunNeverTakesTheOnlyCopyAlong(int changes) throws IOException {
    run(OutputMode.OVERWRITE, "old");
    FileSystem dying = new DyingFileSystem(local, changes);
    boolean killed = false;
    try {
      run(dying, OutputMode.OVERWRITE, ENDED, "new");
    } catch (IOException | RefusedException _) {
      killed = true;
    }
    assertThat(killed).isEqualTo(changes < 7);

    output(local, OutputMode.OVERWRITE, WriterProcess.current()).check(List.of());

    assertThat(row()).isIn("old", "new");
    assertThat(folder.resolve("summaries/_glm/run.json")).exists();
    run(OutputMode.OVERWRITE, "newer");
    assertThat(row()).isEqualTo("newer");
    assertThat(names()).containsExactly("summaries");
  }

  @Test
  void aFailedRunLeavesTheOldOutputAlone() throws IOException {
    run(OutputMode.OVERWRITE, "old");
    OutputFolder output = output(local, OutputMode.OVERWRITE, WriterProcess.current());
    output.check(List.of());
    Path aside = output.begin();
    assertThat(local.exists(aside)).isTrue();

    output.abandon();

    assertThat(row()).isEqualTo("old");
    assertThat(names()).containsExactly("summaries");
  }

  @Test
  void whatAnotherRunIsWritingStays() throws IOException {
    OutputFolder other = output(local, OutputMode.OVERWRITE, WriterProcess.current());
    Path aside = other.begin();

    run(OutputMode.OVERWRITE, "mine");

    assertThat(local.exists(aside)).isTrue();
  }

  @Test
  void whatAMachineOutOfSightMayBeWritingStays() throws IOException {
    Path aside = output(local, OutputMode.OVERWRITE, new WriterProcess("elsewhere", 1, 0)).begin();

    run(OutputMode.OVERWRITE, "mine");

    assertThat(local.exists(aside)).isTrue();
  }

  @Test
  void anOutputThatExistsIsRefusedUnlessTheModeSaysWhatToDo() throws IOException {
    run(OutputMode.OVERWRITE, "old");

    assertThatThrownBy(() -> run(OutputMode.ERROR_IF_EXISTS, "new"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("summaries' exists")
        .hasMessageContaining("--set output.mode=overwrite");
    assertThat(row()).isEqualTo("old");
  }

  @Test
  void aFolderOfSomebodyElseIsNeverReplaced() throws IOException {
    Files.createDirectory(folder.resolve("summaries"));
    Files.writeString(folder.resolve("summaries/thesis.txt"), "years of work");

    assertThatThrownBy(() -> run(OutputMode.OVERWRITE, "new"))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("was not written by glm (it has no _glm/run.json)");
    assertThat(folder.resolve("summaries/thesis.txt")).exists();
  }

  @Test
  void anEmptyFolderMayBeReplaced() throws IOException {
    Files.createDirectory(folder.resolve("summaries"));

    run(OutputMode.OVERWRITE, "new");

    assertThat(row()).isEqualTo("new");
  }

  @ParameterizedTest
  @ValueSource(strings = {"summaries", "summaries/part-0", "summaries/*", ".", "linked"})
  void anOutputMustNotLieInWhatTheRunReads(String source) throws IOException {
    run(OutputMode.OVERWRITE, "old");
    Files.createSymbolicLink(folder.resolve("linked"), folder.resolve("summaries"));
    Path read = new Path("file:" + folder.resolve(source));

    OutputFolder output = output(local, OutputMode.OVERWRITE, WriterProcess.current());

    assertThatThrownBy(() -> output.check(List.of(read)))
        .isInstanceOf(RefusedException.class)
        .hasMessageEndingWith("which the run reads, must not lie in each other");
  }

  @Test
  void neighboursWithNearlyTheSameNameAreNoSources() throws IOException {
    Files.createDirectory(folder.resolve("summaries-in"));
    Path read = new Path("file:" + folder.resolve("summaries-in"));

    OutputFolder output = output(local, OutputMode.OVERWRITE, WriterProcess.current());

    output.check(List.of(read));
    assertThat(output.target()).isEqualTo(new Path("file:" + folder.toRealPath() + "/summaries"));
  }

  @Test
  void aLinkIsFollowedAndStays() throws IOException {
    Files.createDirectory(folder.resolve("disk"));
    Files.createSymbolicLink(folder.resolve("summaries"), folder.resolve("disk"));

    run(OutputMode.OVERWRITE, "new");

    assertThat(folder.resolve("summaries")).isSymbolicLink();
    assertThat(folder.resolve("disk/part-0")).hasContent("new");
  }
}
