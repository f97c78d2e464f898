package org.glmspark.udfs;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.jspecify.annotations.Nullable;

/// The driver's part of [GlmPlugin]: sums up what the executors report.
final class EngineGauges implements DriverPlugin {
  /// An executor that has not reported for so long is gone.
  private static final long SILENT_NANOS =
      TimeUnit.SECONDS.toNanos(10 * EngineReporter.INTERVAL_SECONDS);

  private final ConcurrentMap<String, Received> last = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;

  /// What executors send.
  ///
  /// @param executor its id
  record Message(String executor, EngineReport report) implements java.io.Serializable {}

  private record Received(EngineReport report, long nanos) {}

  /// @param nanoTime a clock, as [System#nanoTime]
  EngineGauges(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /// Looks at the settings.
  ///
  /// @throws IllegalArgumentException if one is wrong, naming it
  @Override
  public Map<String, String> init(SparkContext spark, PluginContext context) {
    var _ = EngineReporter.configured(context.conf());
    return Map.of();
  }

  @Override
  public void registerMetrics(String applicationId, PluginContext context) {
    EngineReport.register(context.metricRegistry(), this::sum);
  }

  @Override
  public @Nullable Object receive(Object message) {
    if (message instanceof Message(String executor, EngineReport report)) {
      last.put(executor, new Received(report, nanoTime.getAsLong()));
    }
    return null; // nobody waits for an answer
  }

  /// All executors together. Those that are gone count with the work they did.
  EngineReport sum() {
    long now = nanoTime.getAsLong();
    return last.values().stream()
        .map(received ->
            now - received.nanos > SILENT_NANOS ? received.report.ended() : received.report)
        .reduce(EngineReport.NONE, EngineReport::plus);
  }
}
