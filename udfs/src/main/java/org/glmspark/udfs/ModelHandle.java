package org.glmspark.udfs;

import java.io.Serializable;
import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.model.ModelDigest;
import org.glmspark.model.ModelLoader;
import org.glmspark.pack.PackingException;
import org.glmspark.udfs.distribution.LocalModel;
import org.glmspark.udfs.distribution.ModelCopyException;
import org.glmspark.udfs.distribution.ModelFiles;
import org.glmspark.udfs.distribution.ModelProgress;
import org.jspecify.annotations.Nullable;

/// Where a model is and what it must be: small, so that it can travel to the executors in place of
/// weights. Each machine maps a pack of the model; it copies the model first if that lies
/// elsewhere, and packs it if it is no pack.
///
/// @param source which model
/// @param files what a model that lies elsewhere consists of; null for one on each machine
/// @param digest SHA-256, in hexadecimal, of the pack on the driver
/// @param options how each executor's engine uses its machine
/// @param threads where the number of worker threads comes from
/// @param cache where the size of the cache of keys and values comes from
public record ModelHandle(
    ModelSource source,
    @Nullable ModelFiles files,
    String digest,
    EngineOptions options,
    Threads threads,
    Cache cache)
    implements Serializable {

  /// How many worker threads an engine starts.
  public enum Threads {
    /// As many as the options say.
    AS_IN_OPTIONS,
    /// One for each core Spark gave the executor that opens the model; asked for there, when it is
    /// opened.
    EXECUTOR_CORES
  }

  /// How much memory an engine takes for keys and values.
  public enum Cache {
    /// As much as the options say.
    AS_IN_OPTIONS,
    /// Half of what heap and model leave of the executor's memory, at most 4 GiB.
    SHARE_OF_EXECUTOR
  }

  /// A model as its files say.
  ///
  /// @throws MalformedModelException as the other [#of]
  public static ModelHandle of(Path path, EngineOptions options) {
    return of(ModelSource.of(path), options, ModelProgress.SILENT);
  }

  /// Looks at the model from the driver, so that a bad one fails before any work; copies and packs
  /// it if this machine has not yet.
  ///
  /// @param options taken as they stand, `options.threads` too; see [#withThreadsOfExecutor] and
  ///   [#withCacheOfExecutor]
  /// @param progress is told how far copying and packing are
  /// @throws MalformedModelException if there is no model there, or none that reads text
  /// @throws ModelCopyException if it cannot be copied
  /// @throws PackingException if the pack cannot be written
  public static ModelHandle of(ModelSource source, EngineOptions options, ModelProgress progress) {
    LocalModel here = source.here(progress);
    ModelLoader.describe(here.path(), source.overrides()).requireChatTemplate();
    String digest = ModelDigest.of(source.packed(here.path(), progress));
    return new ModelHandle(
        source, here.files(), digest, options, Threads.AS_IN_OPTIONS, Cache.AS_IN_OPTIONS);
  }

  /// The pack of the model on this machine, copied and packed if it was not yet.
  ///
  /// @throws MalformedModelException if there is no model there
  /// @throws ModelCopyException if it cannot be copied
  /// @throws PackingException if the pack cannot be written
  Path pack(ModelProgress progress) {
    return source.packed(source.here(files, progress), progress);
  }

  /// The same model, with one worker thread for each core of the executor instead of
  /// `options.threads`.
  public ModelHandle withThreadsOfExecutor() {
    return new ModelHandle(source, files, digest, options, Threads.EXECUTOR_CORES, cache);
  }

  /// The same model, with a share of the executor's memory for keys and values instead of
  /// `options.kvCacheBytes`.
  public ModelHandle withCacheOfExecutor() {
    return new ModelHandle(source, files, digest, options, threads, Cache.SHARE_OF_EXECUTOR);
  }

  /// Looks, on the driver, whether heap, model and cache fit the memory of each executor. Where
  /// only a process on the executor's machine can know its memory, that looks when it opens the
  /// model.
  ///
  /// @throws IllegalArgumentException if they do not; the message says what to change
  public void requireMemory(SparkConf conf) {
    ExecutorEngines.requireMemory(this, conf);
  }

  /// The engine of this JVM for this model. The first call opens it; calls meanwhile wait for that;
  /// all share it until the JVM ends.
  ///
  /// @throws IllegalStateException if the model cannot be opened here or is not the one of `digest`
  public GenerationEngine engine() {
    return ExecutorEngines.of(this);
  }
}
