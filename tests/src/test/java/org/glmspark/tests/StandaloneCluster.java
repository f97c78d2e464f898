package org.glmspark.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
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

  private static final String LOOPBACK = "127.0.0.1";
  private static final Path SPARK_HOME =
      Path.of(System.getProperty("glm.spark.home")).toAbsolutePath();
  private static final Pattern MASTER = Pattern.compile("Starting Spark master at (spark://\\S+)");
  private static final Pattern REGISTERED = Pattern.compile("Successfully registered with master");
  private static final long START_SECONDS = 120;

  /// Of JVMs that end before code compiled with care pays.
  private static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1";

  private final Path folder;
  private final List<String> hosts;
  private final List<ProcessHandle> processes = new CopyOnWriteArrayList<>();
  private final List<Process> workers = new ArrayList<>();
  private final Thread atExit = new Thread(this::destroy, "stop-cluster");
  private final String url;
  private int drivers;

  /// Starts a cluster and waits until all its workers have registered.
  ///
  /// @param folder for logs and work files; it keeps them
  /// @param hosts an address of this machine for each worker; a worker has one core
  StandaloneCluster(Path folder, List<String> hosts) throws Exception {
    this.folder = folder;
    this.hosts = List.copyOf(hosts);
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      url =
          start(
                  "master",
                  LOOPBACK,
                  MASTER,
                  "org.apache.spark.deploy.master.Master",
                  "--host",
                  LOOPBACK,
                  "--port",
                  "0",
                  "--webui-port",
                  "0")
              .sign()
              .get(START_SECONDS, TimeUnit.SECONDS)
              .group(1);
      List<Started> started = new ArrayList<>();
      for (int i = 0; i < hosts.size(); i++) {
        started.add(startWorker(i));
      }
      for (Started worker : started) {
        worker.sign().get(START_SECONDS, TimeUnit.SECONDS);
        workers.add(worker.process());
      }
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  /// Two workers on one host, as most tests want them.
  StandaloneCluster(Path folder) throws Exception {
    this(folder, List.of(LOOPBACK, LOOPBACK));
  }

  private Started startWorker(int index) throws IOException {
    String name = "worker-" + (index + 1);
    return start(
        name,
        hosts.get(index),
        REGISTERED,
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        hosts.get(index),
        "--webui-port",
        "0",
        "--cores",
        "1",
        "--memory",
        "1g",
        "--work-dir",
        folder.resolve(name).toString(),
        url);
  }

  /// Kills a worker, whose executors end with it, and starts it again.
  void restartWorker(int index) throws Exception {
    processes.addAll(workers.get(index).descendants().toList());
    workers.get(index).destroyForcibly().waitFor();
    Started worker = startWorker(index);
    worker.sign().get(START_SECONDS, TimeUnit.SECONDS);
    workers.set(index, worker.process());
  }

  /// The executors that are running.
  List<ProcessHandle> executors() {
    return workers.stream()
        .flatMap(Process::children)
        .filter(child ->
            child
                .info()
                .commandLine()
                .filter(line -> line.contains("CoarseGrainedExecutorBackend"))
                .isPresent())
        .toList();
  }

  /// The master's address, `spark://...`.
  String url() {
    return url;
  }

  /// Runs the application, as spark-submit does.
  ///
  /// @return the exit code and all that the driver wrote
  Submitted submit(String... arguments) throws Exception {
    return begin(Map.of(), arguments).ended();
  }

  /// Starts the application, as spark-submit does.
  ///
  /// @param settings more of Spark's, by their names
  Driver begin(Map<String, String> settings, String... arguments) throws IOException {
    Map<String, String> all = new TreeMap<>(settings);
    all.put("spark.executor.memory", "600m");
    all.put("spark.ui.enabled", "false");
    all.putIfAbsent("spark.sql.shuffle.partitions", "4"); // not 200, for some dozens of rows
    all.put("spark.glm.pack-cache", SampleModel.PACKS.toString());
    List<String> command =
        new ArrayList<>(
            List.of(SHORT_LIVED, "org.apache.spark.deploy.SparkSubmit", "--master", url));
    all.forEach((key, value) -> command.addAll(List.of("--conf", key + "=" + value)));
    command.addAll(List.of("--class", "org.glmspark.job.Main", APPLICATION.toString()));
    command.addAll(List.of(arguments));
    Path log = folder.resolve("driver-%d.log".formatted(++drivers));
    Process driver = launch(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    processes.add(driver.toHandle());
    return new Driver(driver, log);
  }

  /// A run of the application under way.
  ///
  /// @param log what it writes
  record Driver(Process process, Path log) {
    /// Waits until it ends.
    Submitted ended() throws Exception {
      return new Submitted(process.waitFor(), Files.readString(log));
    }

    /// Kills it.
    Submitted killed() throws Exception {
      process.destroyForcibly();
      return ended();
    }
  }

  /// How a run of the application ended.
  record Submitted(int exitCode, String output) {}

  /// A process, and the first match in a line of its output.
  private record Started(Process process, CompletableFuture<MatchResult> sign) {}

  /// Starts a process whose output is written to a file.
  private Started start(String name, String host, Pattern sign, String... command)
      throws IOException {
    ProcessBuilder builder =
        launch(Stream.concat(Stream.of(SHORT_LIVED), Arrays.stream(command)).toList())
            .redirectErrorStream(true);
    builder.environment().put("SPARK_LOCAL_IP", host);
    Process process = builder.start();
    processes.add(process.toHandle());
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
    return new Started(process, found);
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A process of Spark's, as a distribution's scripts start it.
  static ProcessBuilder launch(List<String> flagsMainAndArguments) {
    String javaHome = System.getProperty("java.home");
    List<String> command = new ArrayList<>();
    command.add(Path.of(javaHome, "bin", "java").toString());
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
    command.addAll(List.of("-Xmx512m", "-cp", SPARK_HOME.resolve("jars") + "/*"));
    command.addAll(flagsMainAndArguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", javaHome); // the executors' too
    builder.environment().put("SPARK_HOME", SPARK_HOME.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", LOOPBACK);
    return builder;
  }

  /// Ends all processes, those the workers started too.
  private void destroy() {
    List<ProcessHandle> all =
        processes.stream()
            .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
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
