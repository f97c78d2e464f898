package org.glmspark.job.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.glmspark.job.options.RefusedException;
import org.jspecify.annotations.Nullable;

/// Keeps other runs from an output while one writes it.
///
/// The lock is a file beside the output that is made only if there is none, which is one step on
/// every file system that knows such a step. Its holder makes it new every few seconds. It is up
/// for anybody when its holder has ended, which a process on the same machine can see, or, from
/// elsewhere, when it was not made new for the length of a [#LEASE]. A holder that has lost it, as
/// a process that was asleep for long, finds out before it next puts anything into the output.
public final class OutputLock implements AutoCloseable {
  /// How long a holder out of sight may be silent. Clocks of machines that share files differ less.
  static final Duration LEASE = Duration.ofMinutes(2);

  private static final Duration RENEWAL = LEASE.dividedBy(8);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileSystem files;
  private final Path file;
  private final Holder holder;
  private final ScheduledExecutorService renewal;

  /// Who has the lock.
  ///
  /// @param token no other has it
  record Holder(String token, WriterProcess process) {}

  private OutputLock(FileSystem files, Path file, Holder holder) {
    this.files = files;
    this.file = file;
    this.holder = holder;
    this.renewal =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("output-lock").factory());
  }

  /// Takes the lock of an output.
  ///
  /// @param process the one that is going to write
  /// @throws RefusedException if another process has it
  public static OutputLock take(FileSystem files, Path output, WriterProcess process)
      throws IOException {
    Path file = new Path(output.getParent(), "." + output.getName() + ".lock");
    var lock = new OutputLock(files, file, new Holder(UUID.randomUUID().toString(), process));
    while (!lock.create()) {
      lock.removeIfAbandoned(output);
    }
    var _ =
        lock.renewal.scheduleWithFixedDelay(
            lock::renew, RENEWAL.toMillis(), RENEWAL.toMillis(), TimeUnit.MILLISECONDS);
    return lock;
  }

  /// Fails if the lock has been lost, so that nothing is written any more.
  synchronized void requireHeld() throws IOException {
    @Nullable Holder now = holder();
    if (now == null || !now.token().equals(holder.token())) {
      throw new IOException(
          "the lock '%s' is %s; nothing more is written"
              .formatted(file, now == null ? "gone" : "held by " + now.process().words()));
    }
  }

  private boolean create() throws IOException {
    OutputStream out;
    try {
      out =
          isLocal()
              ? Files.newOutputStream(
                  local(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
              : files.create(file, false);
    } catch (FileAlreadyExistsException | org.apache.hadoop.fs.FileAlreadyExistsException _) {
      return false;
    } catch (IOException e) {
      throw unwritable(e);
    }
    try (out) {
      out.write(json());
      return true;
    } catch (IOException e) {
      files.delete(file, false); // or it would keep everybody out
      throw unwritable(e);
    }
  }

  private RefusedException unwritable(IOException e) {
    return new RefusedException("cannot write '%s': %s".formatted(file, e), e);
  }

  /// Takes a lock away whose holder is no more. Of several that try, the one that can rename it
  /// does; should it have caught the lock of the one that was faster, that one is told at its next
  /// step.
  private void removeIfAbandoned(Path output) throws IOException {
    @Nullable Holder found = holder();
    Instant written;
    try {
      written = Instant.ofEpochMilli(files.getFileStatus(file).getModificationTime());
    } catch (FileNotFoundException _) {
      return; // given back meanwhile
    }
    if (isHeld(found, written)) {
      throw new RefusedException(
          "output '%s' is being written by %s since %s; wait until it has ended"
              .formatted(output, found == null ? "another run" : found.process().words(), written));
    }
    Path taken = new Path(file.getParent(), file.getName() + "-" + UUID.randomUUID());
    if (files.rename(file, taken)) {
      files.delete(taken, false);
    }
  }

  private static boolean isHeld(@Nullable Holder holder, Instant written) {
    WriterProcess.State state =
        holder == null ? WriterProcess.State.UNKNOWN : holder.process().state();
    return switch (state) {
      case RUNS -> true;
      case ENDED -> false;
      case UNKNOWN -> written.plus(LEASE).isAfter(Instant.now());
    };
  }

  /// Shows that the holder is still there.
  synchronized void renew() {
    try {
      requireHeld();
      touch();
    } catch (IOException _) {
      // The next renewal may succeed; if none does, #requireHeld says so to whoever writes.
    }
  }

  /// Makes the lock new. Where its time can be set, it is not written for that: a disk that is full
  /// would leave it empty.
  private void touch() throws IOException {
    long now = System.currentTimeMillis();
    files.setTimes(file, now, -1);
    if (files.getFileStatus(file).getModificationTime() < now - RENEWAL.toMillis()) {
      try (FSDataOutputStream out = files.create(file, true)) {
        out.write(json());
      }
    }
  }

  /// Who has the lock, or null if nobody has, or somebody is just writing the file.
  private @Nullable Holder holder() throws IOException {
    try {
      return JSON.readValue(bytes(), Holder.class);
    } catch (JsonProcessingException | FileNotFoundException | NoSuchFileException _) {
      return null;
    }
  }

  private byte[] bytes() throws IOException {
    if (isLocal()) {
      return Files.readAllBytes(local());
    }
    try (FSDataInputStream in = files.open(file)) {
      return in.readAllBytes();
    }
  }

  private byte[] json() {
    return JSON.valueToTree(holder).toString().getBytes(StandardCharsets.UTF_8);
  }

  /// Hadoop's own way to make a local file is two steps: look, then make.
  private boolean isLocal() {
    return "file".equals(file.toUri().getScheme());
  }

  private java.nio.file.Path local() {
    return java.nio.file.Path.of(file.toUri().getPath());
  }

  /// Gives the lock back.
  @Override
  public synchronized void close() throws IOException {
    renewal.shutdownNow();
    @Nullable Holder now = holder();
    if (now != null && now.token().equals(holder.token())) {
      files.delete(file, false);
    }
  }
}
