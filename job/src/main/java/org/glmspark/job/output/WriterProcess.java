package org.glmspark.job.output;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;

/// A process that writes an output, known well enough to tell later whether it still runs.
///
/// @param host the machine
/// @param process its number there; numbers come again
/// @param started when it started, in milliseconds since 1970; number and start do not come again
public record WriterProcess(String host, long process, long started) {
  /// What can be said of a process from here.
  enum State {
    RUNS,
    ENDED,
    /// It is, or was, on another machine.
    UNKNOWN
  }

  /// This one.
  public static WriterProcess current() {
    ProcessHandle self = ProcessHandle.current();
    return new WriterProcess(hostName(), self.pid(), started(self));
  }

  State state() {
    if (!host.equals(hostName())) {
      return State.UNKNOWN;
    }
    return ProcessHandle.of(process).filter(handle -> started(handle) == started).isPresent()
        ? State.RUNS
        : State.ENDED;
  }

  /// For people.
  String words() {
    return "process %d on %s".formatted(process, host);
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return String.valueOf(e.getMessage()); // it begins with the name that could not be resolved
    }
  }
}
