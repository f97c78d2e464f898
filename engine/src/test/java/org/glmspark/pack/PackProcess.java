package org.glmspark.pack;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Another process that makes sure that a pack is there: the target, or with `--cache` one in the
/// folder that is the target. It prints `packed` if it was the one that packed it.
final class PackProcess {
  private final Process process;
  private final Path log;

  /// @param shell what a shell says before the command
  PackProcess(String shell, Path log, Path source, Path target, String... flags)
      throws IOException {
    this(shell, System.getProperty("java.class.path"), log, source, target, flags);
  }

  /// @param classPath where the process finds its classes
  PackProcess(String shell, String classPath, Path log, Path source, Path target, String... flags)
      throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "--add-modules=jdk.incubator.vector",
            "-cp",
            classPath,
            PackProcess.class.getName(),
            source.toString(),
            target.toString()));
    command.addAll(List.of(flags));
    this.log = log;
    process =
        new ProcessBuilder("bash", "-c", shell + " '" + String.join("' '", command) + "'")
            .redirectErrorStream(true)
            .redirectOutput(new File(log.toString()))
            .start();
  }

  int exit() throws InterruptedException {
    return process.waitFor();
  }

  String output() throws IOException {
    return Files.readString(log);
  }

  /// Waits until it prints something.
  void awaitOutput(String text) throws IOException {
    while (!output().contains(text)) {
      if (!process.isAlive()) {
        throw new AssertionError("ended without '%s': %s".formatted(text, output()));
      }
      Thread.onSpinWait();
    }
  }

  /// As SIGKILL.
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  public static void main(String... arguments) {
    boolean stop = List.of(arguments).contains("--stop-half-way");
    PackProgress progress =
        new PackProgress() {
          @Override
          public void waiting(Path target) {}

          @Override
          public void packed(Path target, long done, long all) {
            if (stop && done > all / 2) {
              System.out.println("half way");
              while (true) {
                Thread.onSpinWait();
              }
            }
            if (done == all) {
              System.out.println("packed");
            }
          }
        };
    Path source = Path.of(arguments[0]);
    Path target = Path.of(arguments[1]);
    if (List.of(arguments).contains("--cache")) {
      new PackCache(target).packed(source, PackOptions.NATURAL, progress);
    } else {
      new ModelPacker(PackOptions.NATURAL, progress).pack(source, target, IfPresent.KEEP);
    }
  }
}
