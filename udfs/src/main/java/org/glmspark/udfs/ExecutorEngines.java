package org.glmspark.udfs;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.Utils;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.model.ModelConfig;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelOverrides;
import org.glmspark.udfs.distribution.ModelProgress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/// The engines of this JVM: one for each model and options, opened by whoever needs it first and
/// shared by all tasks until the JVM ends.
public final class ExecutorEngines {
  private static final ConcurrentMap<Key, FutureTask<GenerationEngine>> ENGINES =
      new ConcurrentHashMap<>();
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorEngines.class);
  private static final AtomicInteger OPENED = new AtomicInteger();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ExecutorEngines::closeAll, "close-models"));
  }

  private ExecutorEngines() {}

  /// What makes two handles share an engine. Where the model lies does not matter.
  private record Key(
      String digest, ModelOverrides overrides, EngineOptions options, ModelHandle.Cache cache) {}

  /// The engine for a model. Of many callers at once, the first opens it and all wait for it. A
  /// failure goes to all who waited and is then forgotten: the next call tries again.
  ///
  /// @throws IllegalStateException if the model cannot be opened or is not the one the handle means
  static GenerationEngine of(ModelHandle handle) {
    EngineOptions options = resolve(handle);
    var key = new Key(handle.digest(), handle.source().overrides(), options, handle.cache());
    var opening = new FutureTask<>(() -> open(handle, options));
    FutureTask<GenerationEngine> engine = ENGINES.putIfAbsent(key, opening);
    if (engine == null) {
      engine = opening;
      // Not on the task's own thread: killing the first task must not spoil the model for the
      // others.
      Thread.ofPlatform().daemon().name("open-model").start(opening);
    }
    try {
      return TaskWait.await(engine, () -> {});
    } catch (ExecutionException e) {
      ENGINES.remove(key, engine);
      throw new IllegalStateException(
          "host %s, model %s: %s".formatted(host(), handle.source().location(), e.getCause()),
          e.getCause());
    }
  }

  private static EngineOptions resolve(ModelHandle handle) {
    return switch (handle.threads()) {
      case AS_IN_OPTIONS -> handle.options();
      case EXECUTOR_CORES -> handle.options().withThreads(coresOfThisExecutor());
    };
  }

  private static int coresOfThisExecutor() {
    int processors = Runtime.getRuntime().availableProcessors();
    @Nullable SparkEnv environment = SparkEnv.get(); // null outside Spark
    return environment == null ? processors : ExecutorCores.of(environment.conf(), processors);
  }

  private static GenerationEngine open(ModelHandle handle, EngineOptions options) {
    Path pack = handle.pack(new ModelLog());
    ExecutorMemory memory = ExecutorMemory.ofThisProcess(conf());
    EngineOptions fitting = withCache(options, handle, pack, memory);
    GenerationEngine engine =
        GenerationEngine.open(pack, handle.source().overrides(), withLocalFolder(fitting));
    String found = engine.model().digest();
    if (!found.equals(handle.digest())) {
      engine.close();
      throw new IllegalStateException(
          "the model here has digest %s, expected %s as on the driver; copy the same files to every node"
              .formatted(found, handle.digest()));
    }
    OPENED.incrementAndGet();
    LOG.info(
        "model {}: {} bytes for keys and values; {}",
        pack,
        GenerationEngine.cacheBytes(engine.model().config(), fitting),
        memory);
    return engine;
  }

  /// As [ModelHandle#requireMemory].
  static void requireMemory(ModelHandle handle, SparkConf conf) {
    ExecutorMemory memory = ExecutorMemory.ofExecutors(conf);
    if (memory != null) {
      var _ = withCache(handle.options(), handle, handle.pack(ModelProgress.SILENT), memory);
    }
  }

  /// The options with the size of the cache, if it fits.
  private static EngineOptions withCache(
      EngineOptions options, ModelHandle handle, Path pack, ExecutorMemory memory) {
    long modelBytes = pack.toFile().length();
    EngineOptions sized =
        switch (handle.cache()) {
          case AS_IN_OPTIONS -> options;
          case SHARE_OF_EXECUTOR -> options.withKvCacheBytes(memory.cacheBytes(modelBytes));
        };
    ModelConfig config = ModelLoader.describe(pack, handle.source().overrides()).config();
    long cacheBytes = GenerationEngine.cacheBytes(config, sized);
    memory.require(
        modelBytes,
        switch (sized.kvCacheStorage()) {
          case MEMORY -> cacheBytes;
          case FILE -> 0;
        });
    return sized;
  }

  private static SparkConf conf() {
    @Nullable SparkEnv environment = SparkEnv.get(); // null outside Spark
    return environment == null ? new SparkConf(false) : environment.conf();
  }

  /// A cache in a file lies in one of the folders that Spark has for data on this machine's disks,
  /// unless the options name another.
  private static EngineOptions withLocalFolder(EngineOptions options) {
    @Nullable SparkEnv environment = SparkEnv.get(); // null outside Spark
    return environment == null || options.kvCacheFolder() != null
        ? options
        : options.withKvCacheFolder(Utils.getLocalDir(environment.conf()));
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return String.valueOf(e.getMessage()); // names the host that has no address
    }
  }

  /// Engines opened in this JVM since it started.
  public static int opened() {
    return OPENED.get();
  }

  /// What [#opened] says in each executor that is alive, by executor id; `driver` in local mode.
  ///
  /// Runs a small job with four tasks for each core. Spark hands out the first of them to all free
  /// cores at once, so on an idle cluster every executor answers.
  public static Map<String, Integer> openedByExecutor(SparkSession spark) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    int tasks = 4 * context.defaultParallelism();
    List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
    List<Tuple2<String, Integer>> answers =
        context
            .parallelize(numbers, tasks)
            .map(_ -> new Tuple2<>(SparkEnv.get().executorId(), opened()))
            .collect();
    var opened = new TreeMap<String, Integer>();
    answers.forEach(answer -> opened.put(answer._1(), answer._2()));
    return opened;
  }

  /// What the engines of this JVM do.
  static EngineReport report() {
    return ENGINES.values().stream()
        .filter(ExecutorEngines::isOpen)
        .map(engine -> EngineReport.of(engine.resultNow()))
        .reduce(EngineReport.NONE, EngineReport::plus);
  }

  /// Closes an engine that failed. The next call for its model opens another.
  static void discard(GenerationEngine failed) {
    boolean removed =
        ENGINES.values().removeIf(engine -> isOpen(engine) && engine.resultNow() == failed);
    if (removed) {
      failed.close();
    }
  }

  private static boolean isOpen(Future<GenerationEngine> engine) {
    return engine.state() == Future.State.SUCCESS;
  }

  /// Closes every engine, for the end of the JVM. A model asked for afterwards is opened anew.
  static void closeAll() {
    for (Key key : List.copyOf(ENGINES.keySet())) {
      FutureTask<GenerationEngine> engine = ENGINES.remove(key);
      if (engine != null && isOpen(engine)) {
        engine.resultNow().close();
      }
    }
  }
}
