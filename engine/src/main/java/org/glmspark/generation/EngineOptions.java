package org.glmspark.generation;

import java.io.Serializable;
import java.util.function.Consumer;
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
/// @param kernels which kernels compute
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
    return with(fields -> fields.threads = threads);
  }

  public EngineOptions withMaxBatch(int maxBatch) {
    return with(fields -> fields.maxBatch = maxBatch);
  }

  public EngineOptions withStepTokens(int stepTokens) {
    return with(fields -> fields.stepTokens = stepTokens);
  }

  public EngineOptions withKvCacheType(KvCacheType kvCacheType) {
    return with(fields -> fields.kvCacheType = kvCacheType);
  }

  public EngineOptions withKvCacheBytes(long kvCacheBytes) {
    return with(fields -> fields.kvCacheBytes = kvCacheBytes);
  }

  public EngineOptions withKernels(KernelChoice kernels) {
    return with(fields -> fields.kernels = kernels);
  }

  public EngineOptions withPrefixCache(PrefixCache prefixCache) {
    return with(fields -> fields.prefixCache = prefixCache);
  }

  public EngineOptions withPromptLookup(PromptLookup promptLookup) {
    return with(fields -> fields.promptLookup = promptLookup);
  }

  public EngineOptions withKvCacheStorage(KvCacheStorage kvCacheStorage) {
    return with(fields -> fields.kvCacheStorage = kvCacheStorage);
  }

  public EngineOptions withKvCacheFolder(@Nullable String kvCacheFolder) {
    return with(fields -> fields.kvCacheFolder = kvCacheFolder);
  }

  private EngineOptions with(Consumer<Fields> change) {
    Fields fields = new Fields(this);
    change.accept(fields);
    return fields.options();
  }

  /// The same options, open to a change.
  private static final class Fields {
    private int threads;
    private int maxBatch;
    private int stepTokens;
    private KvCacheType kvCacheType;
    private long kvCacheBytes;
    private KernelChoice kernels;
    private PrefixCache prefixCache;
    private PromptLookup promptLookup;
    private KvCacheStorage kvCacheStorage;
    private @Nullable String kvCacheFolder;

    Fields(EngineOptions options) {
      threads = options.threads;
      maxBatch = options.maxBatch;
      stepTokens = options.stepTokens;
      kvCacheType = options.kvCacheType;
      kvCacheBytes = options.kvCacheBytes;
      kernels = options.kernels;
      prefixCache = options.prefixCache;
      promptLookup = options.promptLookup;
      kvCacheStorage = options.kvCacheStorage;
      kvCacheFolder = options.kvCacheFolder;
    }

    EngineOptions options() {
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
}
