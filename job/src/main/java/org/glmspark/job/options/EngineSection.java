package org.glmspark.job.options;

import java.nio.file.Path;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.cache.KvCacheType;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.PrefixCache;
import org.glmspark.generation.PromptLookup;
import org.glmspark.kernel.KernelChoice;
import org.glmspark.udfs.ModelHandle;
import org.jspecify.annotations.Nullable;

/// How the engine of each executor uses its machine. Only the cache type can change a completion.
///
/// @param threads worker threads, or 0 for one to each core Spark gave the executor
/// @param maxBatch most sequences that run at once
/// @param stepTokens most tokens of one forward step
/// @param kvCacheType how keys and values are stored
/// @param kvCacheBytes memory for keys and values, or 0 for a share of the executor's
/// @param kernels which kernels compute
/// @param prefixCache whether rows share the keys and values of a common beginning
/// @param promptLookup whether copies from a row's own text are guessed
/// @param kvCacheStorage where keys and values lie
/// @param kvCacheFolder where, if in a file, on each machine; or null for Spark's local folder
public record EngineSection(
    @Key(
            value = "worker threads of an executor; 0 for one to each of its cores",
            defaultValue = "0")
        int threads,
    @Key(value = "most rows that an executor works on at once", defaultValue = "32") int maxBatch,
    @Key(value = "most tokens of one forward step", defaultValue = "512") int stepTokens,
    @Key(value = "how keys and values are stored", defaultValue = "float16")
        KvCacheType kvCacheType,
    @Key(
            value =
                "memory for keys and values, per executor; 0 for half of what heap and model leave, at most 4 GiB",
            defaultValue = "0")
        long kvCacheBytes,
    @Key(value = "which kernels compute", defaultValue = "auto") KernelChoice kernels,
    @Key(
            value = "whether rows share the keys and values of a common beginning",
            defaultValue = "on")
        PrefixCache prefixCache,
    @Key(
            value =
                "whether copies from a row's own text are guessed, several tokens a step, where that pays",
            defaultValue = "on")
        PromptLookup promptLookup,
    @Key(
            value = "where keys and values lie; file is for contexts beyond memory",
            defaultValue = "memory")
        KvCacheStorage kvCacheStorage,
    @Key(
            value =
                "folder on a disk of each machine for kv-cache-storage file; by default Spark's local folder",
            text = Key.Text.PATH,
            defaultValue = "null")
        @Nullable Path kvCacheFolder) {

  public EngineSection {
    if (threads < 0) {
      throw new IllegalArgumentException(
          "threads is %d, expected 0 (one to each core) or more".formatted(threads));
    }
    if (kvCacheBytes < 0) {
      throw new IllegalArgumentException(
          "kv-cache-bytes is %d, expected 0 (a share of the executor's memory) or more"
              .formatted(kvCacheBytes));
    }
    var _ =
        options(
            threads,
            maxBatch,
            stepTokens,
            kvCacheType,
            kvCacheBytes,
            kernels,
            prefixCache,
            promptLookup,
            kvCacheStorage,
            kvCacheFolder); // checks the rest
  }

  /// The same for an engine of this machine.
  public EngineOptions options() {
    return options(
        threads,
        maxBatch,
        stepTokens,
        kvCacheType,
        kvCacheBytes,
        kernels,
        prefixCache,
        promptLookup,
        kvCacheStorage,
        kvCacheFolder);
  }

  /// The model in `handle`, with as many threads and as large a cache on each executor as this
  /// section says.
  public ModelHandle apply(ModelHandle handle) {
    ModelHandle threaded = threads == 0 ? handle.withThreadsOfExecutor() : handle;
    return kvCacheBytes == 0 ? threaded.withCacheOfExecutor() : threaded;
  }

  private static EngineOptions options(
      int threads,
      int maxBatch,
      int stepTokens,
      KvCacheType kvCacheType,
      long kvCacheBytes,
      KernelChoice kernels,
      PrefixCache prefixCache,
      PromptLookup promptLookup,
      KvCacheStorage kvCacheStorage,
      @Nullable Path kvCacheFolder) {
    EngineOptions defaults = EngineOptions.defaults(); // where each executor says
    int workers = threads == 0 ? defaults.threads() : threads;
    long cacheBytes = kvCacheBytes == 0 ? defaults.kvCacheBytes() : kvCacheBytes;
    return new EngineOptions(
        workers,
        maxBatch,
        stepTokens,
        kvCacheType,
        cacheBytes,
        kernels,
        prefixCache,
        promptLookup,
        kvCacheStorage,
        kvCacheFolder == null ? null : kvCacheFolder.toString());
  }
}
