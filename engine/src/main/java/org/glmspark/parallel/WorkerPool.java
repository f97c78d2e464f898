package org.glmspark.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed number of threads that share the items of a loop with the thread that calls it.
///
/// The loops of one forward step follow each other within microseconds, so a worker looks out for
/// the next one for a moment before it parks. A pool that nobody calls uses no processor time.
public final class WorkerPool implements AutoCloseable {
  private static final int SPINS =
      2_000; // some 20 to 50 microseconds: longer than the gap between two loops of a step

  /// One item of a loop.
  @FunctionalInterface
  public interface Task {
    /// Does one item.
    ///
    /// @param item from 0 to the number of items; each is run once
    /// @param worker from 0 to the number of threads; two items with the same worker never run at
    ///   the same time
    void run(int item, int worker);
  }

  private static final class Loop {
    private final int items;
    private final Task task;
    private final Thread caller = Thread.currentThread();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger open;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Loop(int items, Task task) {
      this.items = items;
      this.task = task;
      this.open = new AtomicInteger(items);
    }

    void work(int worker) {
      for (int item = next.getAndIncrement(); item < items; item = next.getAndIncrement()) {
        try {
          task.run(item, worker);
        } catch (RuntimeException | Error e) { // the caller gets it; this thread must live on
          failure.compareAndSet(null, e);
        } finally {
          if (open.decrementAndGet() == 0) {
            LockSupport.unpark(caller);
          }
        }
      }
    }
  }

  private final List<Thread> helpers = new ArrayList<>();
  private volatile @Nullable Loop current;
  private volatile boolean closed;

  /// @param name of the threads, for people who look at a thread dump
  /// @param threads including the one that calls [#forEach]
  public WorkerPool(String name, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("%d threads, expected at least 1".formatted(threads));
    }
    for (int i = 1; i < threads; i++) {
      int worker = i;
      Thread thread = new Thread(() -> help(worker), name + "-" + worker);
      thread.setDaemon(true);
      helpers.add(thread);
      thread.start();
    }
  }

  /// Threads that share a loop: worker numbers are below this.
  public int threads() {
    return helpers.size() + 1;
  }

  /// Runs the task for each item and returns when all are done. One thread at a time may call.
  ///
  /// @throws RuntimeException or Error: the first that an item threw, after all items have ended
  public void forEach(int items, Task task) {
    Loop loop = new Loop(items, task);
    if (items > 1 && !helpers.isEmpty()) {
      current = loop;
      for (Thread helper : helpers) {
        LockSupport.unpark(helper);
      }
    }
    loop.work(0);
    for (int spins = 0; loop.open.get() > 0; spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
    current = null;
    switch (loop.failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private void help(int worker) {
    Loop done = null;
    int spins = 0;
    while (!closed) {
      Loop loop = current;
      if (loop != null && loop != done) {
        loop.work(worker);
        done = loop;
        spins = 0;
      } else if (spins < SPINS) {
        spins++;
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
      }
    }
  }

  /// Ends the threads and waits until they have. No loop may run.
  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
      while (helper.isAlive()) {
        try {
          helper.join();
        } catch (InterruptedException _) {
          interrupted = true; // for whoever looks at it next
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
