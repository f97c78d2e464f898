package org.glmspark.job.output;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/// A process that writes an output, known well enough to tell later whether it still runs.
///
/// @param host the machine
/// @param namespace where its number holds: containers of one machine, which may have its name,
///   have numbers of their own; empty if the system does not tell
/// @param process its number there; numbers come again
/// @param started when it started, in milliseconds since 1970; number and start do not come again
public record WriterProcess(String host, String namespace, long process, long started) {
  /// A process tells its start by its machine's clock, which may have been set meanwhile.
  private static final long CLOCK_MILLIS = 60_000;

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
    return new WriterProcess(hostName(), namespaceHere(), self.pid(), started(self));
  }

  State state() {
    if (!host.equals(hostName()) || !namespace.equals(namespaceHere())) {
      return State.UNKNOWN;
    }
    return ProcessHandle.of(process)
            .filter(handle -> Math.abs(started(handle) - started) < CLOCK_MILLIS)
            .isPresent()
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

  private static String namespaceHere() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
    } catch (IOException _) { // other systems than Linux have no such file
      return "";
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return String.valueOf(e.getMessage()); // it begins with the name that could not be resolved
    }
  }
}
