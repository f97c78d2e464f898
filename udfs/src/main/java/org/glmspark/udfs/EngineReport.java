package org.glmspark.udfs;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.io.Serializable;
import java.util.function.Supplier;
import org.glmspark.generation.EngineStats;
import org.glmspark.generation.GenerationEngine;

/// What the engines of an executor do, or those of several.
///
/// @param engines models that are open
/// @param running sequences that have a place in a batch
/// @param waiting sequences that wait for one
/// @param prefillTokens tokens of prompts computed so far
/// @param decodeTokens tokens drawn so far
/// @param prefillTokensPerSecond tokens of prompts computed in each second since the last report
/// @param decodeTokensPerSecond tokens drawn in each second since the last report
/// @param cacheBytesUsed memory for keys and values that sequences hold
/// @param cacheBytes memory for keys and values
record EngineReport(
    int engines,
    int running,
    int waiting,
    long prefillTokens,
    long decodeTokens,
    double prefillTokensPerSecond,
    double decodeTokensPerSecond,
    long cacheBytesUsed,
    long cacheBytes)
    implements Serializable {
  /// No engine has done anything.
  static final EngineReport NONE = new EngineReport(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /// How things stand with an engine, with no speed yet.
  static EngineReport of(GenerationEngine engine) {
    EngineStats stats = engine.stats();
    long cacheBytes = engine.options().kvCacheBytes();
    return new EngineReport(
        1,
        stats.running(),
        stats.waiting(),
        stats.prefillTokens(),
        stats.decodeTokens(),
        0,
        0,
        Math.round((double) cacheBytes * stats.blocksUsed() / stats.blocksTotal()),
        cacheBytes);
  }

  /// Both together.
  EngineReport plus(EngineReport other) {
    return new EngineReport(
        engines + other.engines,
        running + other.running,
        waiting + other.waiting,
        prefillTokens + other.prefillTokens,
        decodeTokens + other.decodeTokens,
        prefillTokensPerSecond + other.prefillTokensPerSecond,
        decodeTokensPerSecond + other.decodeTokensPerSecond,
        cacheBytesUsed + other.cacheBytesUsed,
        cacheBytes + other.cacheBytes);
  }

  /// The same with speeds: what was done since an earlier report. An engine that failed meanwhile
  /// took its counts with it; then there is none.
  EngineReport since(EngineReport earlier, double seconds) {
    return new EngineReport(
        engines,
        running,
        waiting,
        prefillTokens,
        decodeTokens,
        Math.max(0, prefillTokens - earlier.prefillTokens) / seconds,
        Math.max(0, decodeTokens - earlier.decodeTokens) / seconds,
        cacheBytesUsed,
        cacheBytes);
  }

  /// What stays of an executor that is gone: the work it has done.
  EngineReport ended() {
    return new EngineReport(0, 0, 0, prefillTokens, decodeTokens, 0, 0, 0, 0);
  }

  /// The part of the memory for keys and values that sequences hold, 0 to 1.
  double cacheUse() {
    return cacheBytes == 0 ? 0 : (double) cacheBytesUsed / cacheBytes;
  }

  /// Makes gauges of a report.
  ///
  /// @param now asked whenever somebody looks at one of them, on any thread
  static void register(MetricRegistry metrics, Supplier<EngineReport> now) {
    metrics.register("engines", (Gauge<Integer>) () -> now.get().engines);
    metrics.register("running", (Gauge<Integer>) () -> now.get().running);
    metrics.register("waiting", (Gauge<Integer>) () -> now.get().waiting);
    metrics.register("prefill-tokens", (Gauge<Long>) () -> now.get().prefillTokens);
    metrics.register("decode-tokens", (Gauge<Long>) () -> now.get().decodeTokens);
    metrics.register(
        "prefill-tokens-per-second", (Gauge<Double>) () -> now.get().prefillTokensPerSecond);
    metrics.register(
        "decode-tokens-per-second", (Gauge<Double>) () -> now.get().decodeTokensPerSecond);
    metrics.register("cache-use", (Gauge<Double>) () -> now.get().cacheUse());
  }
}
