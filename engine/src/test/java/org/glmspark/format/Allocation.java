package org.glmspark.format;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;

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

  /// The bytes of the largest object that a call allocates; 0 if all are too small to be told of,
  /// some kilobytes.
  public static long largest(Runnable call) {
    try (var recording = new Recording()) {
      recording.enable("jdk.ObjectAllocationOutsideTLAB"); // large ones always are
      recording.start();
      call.run();
      recording.stop();
      Path events = Files.createTempFile("allocations", ".jfr");
      try {
        recording.dump(events);
        return RecordingFile.readAllEvents(events).stream()
            .mapToLong(event -> event.getLong("allocationSize"))
            .max()
            .orElse(0);
      } finally {
        Files.delete(events);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
