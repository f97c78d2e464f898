package org.glmspark.udfs;

import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;

/// Opens the configured models as soon as an executor starts, and shows in Spark's metrics system
/// what their engines do: `spark.plugins=org.glmspark.udfs.GlmPlugin`.
///
/// Models are those of `spark.glm.model` and `spark.glm.models.<name>.path` as the application was
/// started with them; see [SessionModels]. A wrong setting ends the application at its start. The
/// models are opened beside the start of the executor, not before its end: a task that comes
/// earlier waits for its model as it would without the plugin. A model that cannot be opened is a
/// line in the executor's log, and the first task that needs it tries again and fails with the
/// reason.
///
/// Executors have no port of their own, so each tells the driver every two seconds what its engines
/// do ([EngineReport]), and the driver's metrics sum it up; those servlets of the driver's UI show
/// them that `spark.metrics.conf` configures, `/metrics/json` always being among them. Metrics that
/// executors push (Graphite, StatsD) have the same names.
public final class GlmPlugin implements SparkPlugin {

  /// Spark makes one in the driver and one in each executor.
  public GlmPlugin() {}

  @Override
  public DriverPlugin driverPlugin() {
    return new EngineGauges(System::nanoTime);
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new EngineReporter();
  }
}
