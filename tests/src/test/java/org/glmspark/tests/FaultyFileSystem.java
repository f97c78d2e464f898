package org.glmspark.tests;

import java.io.File;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/// The local file system under the scheme `faulty`, with one thing going wrong.
///
/// Drivers and executors load it from a jar beside the application, as they do file systems of
/// others.
public final class FaultyFileSystem extends RawLocalFileSystem {
  private static final String SCHEME = "faulty";
  private static final URI ROOT = URI.create(SCHEME + ":///");
  private static final String PREFIX = "fs.faulty.";
  private static final AtomicInteger FILES_OF_TASKS = new AtomicInteger();

  /// What goes wrong.
  public enum Fault {
    /// A write of a task fails, once.
    EXCEPTION,
    /// A task fills the heap when it writes, once.
    HEAP,
    /// A write of a task never ends, once.
    HANG,
    /// A folder takes so many bytes and no more.
    FULL
  }

  /// Spark's settings for a fault that comes once.
  ///
  /// @param file which of the files that tasks of a process write meets the fault, from 0
  /// @param marker is made when it came; the fault is over then
  static Map<String, String> settings(Fault fault, int file, java.nio.file.Path marker) {
    return Map.of(
        "spark.hadoop.fs.faulty.impl",
        FaultyFileSystem.class.getName(),
        "spark.hadoop." + PREFIX + "fault",
        fault.name(),
        "spark.hadoop." + PREFIX + "file",
        String.valueOf(file),
        "spark.hadoop." + PREFIX + "marker",
        marker.toString());
  }

  /// Spark's settings for a folder that takes so many bytes and no more.
  static Map<String, String> full(java.nio.file.Path folder, long bytes) {
    return Map.of(
        "spark.hadoop.fs.faulty.impl",
        FaultyFileSystem.class.getName(),
        "spark.hadoop." + PREFIX + "fault",
        Fault.FULL.name(),
        "spark.hadoop." + PREFIX + "folder",
        folder.toString(),
        "spark.hadoop." + PREFIX + "bytes",
        String.valueOf(bytes));
  }

  /// A path on it.
  static String path(java.nio.file.Path local) {
    return ROOT.resolve(local.toUri().getPath()).toString();
  }

  @Override
  public URI getUri() {
    return ROOT;
  }

  @Override
  public String getScheme() {
    return SCHEME;
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
    boolean limited = begin(file);
    return limited(
        super.create(file, overwrite, bufferSize, replication, blockSize, progress), limited);
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    boolean limited = begin(file);
    return limited(
        super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress),
        limited);
  }

  private FSDataOutputStream limited(FSDataOutputStream out, boolean limited) throws IOException {
    return limited ? new FSDataOutputStream(new Limited(out), null) : out;
  }

  /// Lets the fault come, if it is its time.
  ///
  /// @return whether the file's folder takes so many bytes and no more
  private boolean begin(Path file) throws IOException {
    Fault fault = Fault.valueOf(getConf().get(PREFIX + "fault"));
    if (fault == Fault.FULL) {
      requireRoom(0);
      return true;
    }
    if (isOfTask(file)
        && FILES_OF_TASKS.getAndIncrement() >= getConf().getInt(PREFIX + "file", 0)
        && isFirst()) {
      come(fault);
    }
    return false;
  }

  private static boolean isOfTask(Path file) {
    return file.getName().startsWith("part-");
  }

  private boolean isFirst() throws IOException {
    try {
      Files.createFile(java.nio.file.Path.of(getConf().get(PREFIX + "marker")));
      return true;
    } catch (FileAlreadyExistsException _) {
      return false;
    }
  }

  private static void come(Fault fault) throws IOException {
    switch (fault) {
      case EXCEPTION -> throw new IOException("Input/output error");
      case HEAP -> fillHeap();
      case HANG -> hang();
      case FULL -> throw new IllegalArgumentException("does not come once");
    }
  }

  private static void fillHeap() {
    for (var heap = new ArrayDeque<byte[]>(); ; ) {
      heap.add(new byte[Math.max(heap.size(), 1 << 20)]);
    }
  }

  private static void hang() throws IOException {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      throw (IOException) new InterruptedIOException("the task is killed").initCause(e);
    }
  }

  private void requireRoom(long more) throws IOException {
    long used = FileUtil.getDU(new File(getConf().get(PREFIX + "folder")));
    if (used + more > getConf().getLong(PREFIX + "bytes", 0)) {
      throw new IOException("No space left on device");
    }
  }

  /// A stream into a folder that takes so many bytes and no more.
  private final class Limited extends FilterOutputStream {
    Limited(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      requireRoom(length);
      out.write(bytes, from, length);
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }
  }
}
