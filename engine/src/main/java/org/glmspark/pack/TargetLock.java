package org.glmspark.pack;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;

/// The right to write one file or folder, among all threads of all processes of a machine. It ends
/// with the process at the latest.
///
/// The empty file that processes lock stays behind: whoever deleted it would take it away from
/// those who wait for it.
public final class TargetLock implements AutoCloseable {
  private static final int RETRY_MILLISECONDS = 100;

  /// A lock on a file belongs to the whole process, and is lost when any thread closes the file.
  private static final ConcurrentMap<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  private final ReentrantLock amongThreads;
  private final FileChannel file;

  private TargetLock(ReentrantLock amongThreads, FileChannel file) {
    this.amongThreads = amongThreads;
    this.file = file;
  }

  /// Waits for the right.
  ///
  /// @param target the file or folder, absolute, in a folder that exists
  /// @param progress is told if somebody else has it
  /// @throws IOException if the file that processes lock cannot be made beside the target
  public static TargetLock acquire(Path target, PackProgress progress)
      throws IOException, InterruptedException {
    ReentrantLock amongThreads = LOCKS.computeIfAbsent(target, _ -> new ReentrantLock());
    if (!amongThreads.tryLock()) {
      progress.waiting(target);
      amongThreads.lockInterruptibly();
    }
    try {
      return new TargetLock(amongThreads, lockedFile(target, progress));
    } catch (Throwable t) {
      amongThreads.unlock();
      throw t;
    }
  }

  private static FileChannel lockedFile(Path target, PackProgress progress)
      throws IOException, InterruptedException {
    Path path = target.resolveSibling("." + target.getFileName() + ".lock");
    FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = file.tryLock();
      if (lock == null) {
        progress.waiting(target);
      }
      // Not by a call that blocks: systems take two waiting threads of two processes for a
      // deadlock.
      while (lock == null) {
        Thread.sleep(RETRY_MILLISECONDS);
        lock = file.tryLock();
      }
      return file;
    } catch (Throwable t) {
      file.close();
      throw t;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      file.close(); // and with it the lock
    } finally {
      amongThreads.unlock();
    }
  }
}
