package org.glmspark.udfs.distribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/// Another process that makes sure that a copy is there. It prints `copied` if it was the one that
/// made it.
final class CopyProcess {
  private final Process process;
  private final Path log;

  /// @param shell what a shell says before the command
  CopyProcess(String shell, Path log, String uri, Path folder, String... flags) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            CopyProcess.class.getName(),
            uri,
            folder.toString()));
    command.addAll(List.of(flags));
    this.log = log;
    process =
        new ProcessBuilder("bash", "-c", shell + " '" + String.join("' '", command) + "'")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
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
    ModelProgress progress =
        new ModelProgress() {
          @Override
          public void copied(Path target, long done, long all) {
            if (stop && done > all / 2) {
              System.out.println("half way");
              while (true) {
                Thread.onSpinWait();
              }
            }
            if (done == all) {
              System.out.println("copied");
            }
          }

          @Override
          public void waiting(Path target) {}

          @Override
          public void packed(Path target, long done, long all) {}
        };
    RemoteModel model =
        RemoteModel.at(new org.apache.hadoop.fs.Path(arguments[0]), new Configuration());
    new ModelCopies(Path.of(arguments[1])).copy(model, progress);
  }
}
