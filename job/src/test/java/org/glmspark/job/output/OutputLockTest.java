package org.glmspark.job.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.glmspark.job.options.RefusedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputLockTest {
  private static final WriterProcess THIS = WriterProcess.current();

  /// A process that ended: number 1 of this machine, but another one than runs now.
  private static final WriterProcess ENDED = new WriterProcess(THIS.host(), THIS.namespace(), 1, 0);

  private static final WriterProcess ELSEWHERE =
      new WriterProcess("elsewhere", THIS.namespace(), 1, 0);

  @TempDir java.nio.file.Path folder;
  private FileSystem local;
  private Path output;

  @BeforeEach
  void useTheLocalFileSystem() throws IOException {
    local = FileSystem.getLocal(new Configuration());
    output = new Path("file:" + folder.resolve("out"));
  }

  private OutputLock take(WriterProcess process) throws IOException {
    return OutputLock.take(local, output, process);
  }

  private java.nio.file.Path file() {
    return folder.resolve(".out.lock");
  }

  private void leaveBehind(WriterProcess process, Instant written) throws IOException {
    byte[] left;
    try (OutputLock _ = take(process)) {
      left = Files.readAllBytes(file());
    }
    Files.write(file(), left);
    Files.setLastModifiedTime(file(), FileTime.from(written));
  }

  @Test
  void oneOfManyGetsIt() throws Exception {
    List<Callable<OutputLock>> takers = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      takers.add(() -> take(THIS));
    }
    List<OutputLock> taken = new ArrayList<>();
    int refused = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      for (Future<OutputLock> taker : threads.invokeAll(takers)) {
        if (taker.state() == Future.State.SUCCESS) {
          taken.add(taker.resultNow());
        } else {
          assertThat(taker.exceptionNow()).isInstanceOf(RefusedException.class);
          refused++;
        }
      }
    }
    assertThat(taken).hasSize(1);
    assertThat(refused).isEqualTo(15);
    taken.getFirst().requireHeld();
    taken.getFirst().close();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aHolderThatEndedHasItNoMore() throws IOException {
    leaveBehind(ENDED, Instant.now());

    try (OutputLock lock = take(THIS)) {
      lock.requireHeld();
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aHolderOutOfSightHasItForTheLengthOfALease() throws IOException {
    leaveBehind(ELSEWHERE, Instant.now().minus(OutputLock.LEASE.dividedBy(2)));

    assertThatThrownBy(() -> take(THIS))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("is being written by process 1 on elsewhere since ");
    Files.setLastModifiedTime(
        file(), FileTime.from(Instant.now().minus(OutputLock.LEASE.multipliedBy(2))));
    take(THIS).close();
  }

  /// Its process numbers are not those of this test.
  @Test
  void aHolderInAnotherContainerIsOutOfSight() throws IOException {
    leaveBehind(
        new WriterProcess(THIS.host(), "pid:[1]", Long.MAX_VALUE, 0),
        Instant.now().minus(OutputLock.LEASE.dividedBy(2)));

    assertThatThrownBy(() -> take(THIS)).isInstanceOf(RefusedException.class);
  }

  @Test
  void aClockThatWasSetDoesNotEndAHolder() throws IOException {
    leaveBehind(
        new WriterProcess(THIS.host(), THIS.namespace(), THIS.process(), THIS.started() + 5_000),
        Instant.now().minus(OutputLock.LEASE.multipliedBy(2)));

    assertThatThrownBy(() -> take(THIS)).isInstanceOf(RefusedException.class);
  }

  @Test
  void aFileThatSaysNothingIsOneThatIsBeingWritten() throws IOException {
    Files.writeString(file(), "{\"tok");

    assertThatThrownBy(() -> take(THIS)).hasMessageContaining("is being written by another run");
  }

  @Test
  void whoLostItMayNotWriteAndLeavesItToItsHolder() throws IOException {
    OutputLock lost = take(ELSEWHERE);
    Files.setLastModifiedTime(
        file(), FileTime.from(Instant.now().minus(OutputLock.LEASE.multipliedBy(2))));
    OutputLock held = take(THIS);

    assertThatIOException()
        .isThrownBy(lost::requireHeld)
        .withMessageContaining("is held by process " + THIS.process());
    lost.close();
    held.requireHeld();
    held.close();
    assertThatIOException().isThrownBy(held::requireHeld).withMessageContaining("is gone");
  }

  /// A disk, `full:`, that has room for names and, once it is full, for nothing else.
  private static final class FullDisk extends RawLocalFileSystem {
    private boolean full;

    FullDisk() throws IOException {
      initialize(getUri(), new Configuration());
    }

    @Override
    public URI getUri() {
      return URI.create("full:///");
    }

    @Override
    public FSDataOutputStream create(
        Path file,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      FSDataOutputStream out =
          super.create(file, overwrite, bufferSize, replication, blockSize, progress);
      if (!full) {
        return out;
      }
      return new FSDataOutputStream(
          new FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
              throw new IOException("No space left on device");
            }
          },
          null);
    }
  }

  @Test
  void staysWithItsHolderWhenTheDiskIsFull() throws IOException {
    var disk = new FullDisk();
    output = new Path("full:" + folder.resolve("out"));
    try (OutputLock held = OutputLock.take(disk, output, THIS)) {
      FileTime before = FileTime.from(Instant.now().minus(OutputLock.LEASE));
      Files.setLastModifiedTime(file(), before);
      disk.full = true;
      held.renew();

      held.requireHeld();
      assertThat(Files.getLastModifiedTime(file())).isGreaterThan(before);
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aDiskThatIsFullKeepsNobodyOutLater() throws IOException {
    var disk = new FullDisk();
    output = new Path("full:" + folder.resolve("out"));
    disk.full = true;

    assertThatThrownBy(() -> OutputLock.take(disk, output, THIS))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("No space left on device");
    assertThat(folder).isEmptyDirectory();
  }
}
