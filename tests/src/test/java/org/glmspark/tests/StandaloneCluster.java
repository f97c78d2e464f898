package org.glmspark.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;

/// A standalone cluster of Spark on this machine: a master and its workers, each a process, on
/// ports that were free.
///
/// It is made of Spark's jars alone, as a distribution has them. No process outlives it, nor this
/// JVM.
final class StandaloneCluster implements AutoCloseable {
  /// The application, as users give it to spark-submit.
  static final Path APPLICATION = Path.of(System.getProperty("glm.app.jar")).toAbsolutePath();

  private static final Path SPARK_HOME =
      Path.of(System.getProperty("glm.spark.home")).toAbsolutePath();
  private static final Pattern MASTER = Pattern.compile("Starting Spark master at (spark://\\S+)");
  private static final Pattern REGISTERED = Pattern.compile("Successfully registered with master");
  private static final long START_SECONDS = 120;

  private final Path folder;
  private final List<Process> processes = new ArrayList<>();
  private final Thread atExit = new Thread(this::destroy, "stop-cluster");
  private final String url;

  /// Starts a cluster and waits until all its workers have registered.
  ///
  /// @param folder for logs and work files; it keeps them
  /// @param workers how many, of one core each
  StandaloneCluster(Path folder, int workers) throws Exception {
    this.folder = folder;
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      String loopback = "127.0.0.1";
      url =
          start(
                  "master",
                  MASTER,
                  "org.apache.spark.deploy.master.Master",
                  "--host",
                  loopback,
                  "--port",
                  "0",
                  "--webui-port",
                  "0")
              .get(START_SECONDS, TimeUnit.SECONDS)
              .group(1);
      List<CompletableFuture<MatchResult>> registered = new ArrayList<>();
      for (int i = 1; i <= workers; i++) {
        String name = "worker-" + i;
        registered.add(
            start(
                name,
                REGISTERED,
                "org.apache.spark.deploy.worker.Worker",
                "--host",
                loopback,
                "--webui-port",
                "0",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--work-dir",
                folder.resolve(name).toString(),
                url));
      }
      for (CompletableFuture<MatchResult> worker : registered) {
        worker.get(START_SECONDS, TimeUnit.SECONDS);
      }
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  /// The master's address, `spark://...`.
  String url() {
    return url;
  }

  /// Runs the application, as spark-submit does.
  ///
  /// @return the exit code and all that the driver wrote
  Submitted submit(String... arguments) throws Exception {
    List<String> command =
        Stream.concat(
                Stream.of(
                    "org.apache.spark.deploy.SparkSubmit",
                    "--master",
                    url,
                    "--conf",
                    "spark.executor.memory=600m",
                    "--conf",
                    "spark.ui.enabled=false",
                    "--conf",
                    "spark.glm.pack-cache=" + SampleModel.PACKS,
                    "--class",
                    "org.glmspark.job.Main",
                    APPLICATION.toString()),
                Stream.of(arguments))
            .toList();
    Path log = folder.resolve("submit.log");
    Process driver = launch(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    processes.add(driver);
    return new Submitted(driver.waitFor(), Files.readString(log));
  }

  /// How a run of the application ended.
  record Submitted(int exitCode, String output) {}

  /// Starts a process whose output is written to a file.
  ///
  /// @return the first match in a line of it
  private CompletableFuture<MatchResult> start(String name, Pattern sign, String... command)
      throws IOException {
    Process process = launch(List.of(command)).redirectErrorStream(true).start();
    processes.add(process);
    var found = new CompletableFuture<MatchResult>();
    Path log = folder.resolve(name + ".log");
    Thread.ofPlatform()
        .daemon()
        .name("log-of-" + name)
        .start(() -> {
          try (BufferedReader lines = process.inputReader();
              PrintWriter copy = new PrintWriter(Files.newBufferedWriter(log), true)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
              copy.println(line);
              Matcher matcher = sign.matcher(line);
              if (matcher.find()) {
                found.complete(matcher.toMatchResult());
              }
            }
          } catch (IOException e) { // a process that is destroyed closes its output
            found.completeExceptionally(e);
          }
          found.completeExceptionally(
              new IllegalStateException("%s ended: %s".formatted(name, read(log))));
        });
    return found;
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A process of Spark's, as a distribution's scripts start it.
  static ProcessBuilder launch(List<String> mainAndArguments) {
    String javaHome = System.getProperty("java.home");
    List<String> command = new ArrayList<>();
    command.add(Path.of(javaHome, "bin", "java").toString());
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
    command.addAll(List.of("-Xmx512m", "-cp", SPARK_HOME.resolve("jars") + "/*"));
    command.addAll(mainAndArguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", javaHome); // the executors' too
    builder.environment().put("SPARK_HOME", SPARK_HOME.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    return builder;
  }

  /// Ends all processes, those the workers started too.
  private void destroy() {
    List<ProcessHandle> all =
        processes.stream()
            .flatMap(process -> Stream.concat(Stream.of(process.toHandle()), process.descendants()))
            .toList();
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(process -> process.onExit().join());
  }

  @Override
  public void close() {
    destroy();
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
