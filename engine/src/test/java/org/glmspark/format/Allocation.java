package org.glmspark.format;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// Measures memory, for tests of parsers that must not believe a file about its sizes.
public final class Allocation {
  private Allocation() {}

  /// The bytes of heap that a call allocates in this thread, freed ones included.
  public static long bytes(Runnable call) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    call.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
