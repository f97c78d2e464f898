package org.glmspark.generation;

import java.io.Serializable;
import org.glmspark.cache.KvCacheStorage;
import org.glmspark.cache.KvCacheType;
import org.glmspark.kernel.KernelChoice;
import org.jspecify.annotations.Nullable;

/// How an engine uses the machine. Nothing here changes a completion but `kvCacheType`.
///
/// @param threads worker threads, the stepping thread among them
/// @param maxBatch most sequences that run at once
/// @param stepTokens most tokens of one forward step: what the running sequences leave is filled
///   with prefill
/// @param kvCacheType how keys and values are stored
/// @param kvCacheBytes memory for keys and values
/// @param kernels what multiplies quantised weights
/// @param prefixCache whether sequences share the blocks of a common beginning
/// @param promptLookup whether copies from a sequence's own text are guessed
/// @param kvCacheStorage where keys and values lie
/// @param kvCacheFolder the folder for them if that is a file, or null for that of the JVM's
///   temporary files
public record EngineOptions(
    int threads,
    int maxBatch,
    int stepTokens,
    KvCacheType kvCacheType,
    long kvCacheBytes,
    KernelChoice kernels,
    PrefixCache prefixCache,
    PromptLookup promptLookup,
    KvCacheStorage kvCacheStorage,
    @Nullable String kvCacheFolder)
    implements Serializable {

  public EngineOptions {
    requirePositive("threads", threads);
    requirePositive("max-batch", maxBatch);
    requirePositive("step-tokens", stepTokens);
    requirePositive("kv-cache-bytes", kvCacheBytes);
    if (stepTokens < maxBatch) {
      throw new IllegalArgumentException(
          "step-tokens is %d, expected at least max-batch, %d: every running sequence takes one token a step"
              .formatted(stepTokens, maxBatch));
    }
  }

  /// One thread for each processor, 32 sequences, 512 tokens a step, 1 GiB of float16 cache,
  /// beginnings shared, copies guessed.
  public static EngineOptions defaults() {
    return new EngineOptions(
        Runtime.getRuntime().availableProcessors(),
        32,
        512,
        KvCacheType.FLOAT16,
        1L << 30,
        KernelChoice.AUTO,
        PrefixCache.ON,
        PromptLookup.ON,
        KvCacheStorage.MEMORY,
        null);
  }

  private static void requirePositive(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s is %d, expected at least 1".formatted(name, value));
    }
  }

  public EngineOptions withThreads(int threads) {
    return new EngineOptions(
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

  public EngineOptions withMaxBatch(int maxBatch) {
    return new EngineOptions(
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

  public EngineOptions withStepTokens(int stepTokens) {
    return new EngineOptions(
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

  public EngineOptions withKvCacheType(KvCacheType kvCacheType) {
    return new EngineOptions(
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

  public EngineOptions withKvCacheBytes(long kvCacheBytes) {
    return new EngineOptions(
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

  public EngineOptions withKernels(KernelChoice kernels) {
    return new EngineOptions(
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

  public EngineOptions withPrefixCache(PrefixCache prefixCache) {
    return new EngineOptions(
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

  public EngineOptions withPromptLookup(PromptLookup promptLookup) {
    return new EngineOptions(
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

  public EngineOptions withKvCacheStorage(KvCacheStorage kvCacheStorage) {
    return new EngineOptions(
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

  public EngineOptions withKvCacheFolder(@Nullable String kvCacheFolder) {
    return new EngineOptions(
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
}
