package org.glmspark.udfs;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/// An executor's part of [GlmPlugin]: opens the models, and tells the driver what they do.
final class EngineReporter implements ExecutorPlugin {
  /// Time between two reports.
  static final long INTERVAL_SECONDS = 2;

  private static final Logger LOG = LoggerFactory.getLogger(EngineReporter.class);

  /// The id of the one executor of a local master, whose metrics are the driver's.
  private static final String DRIVER = "driver";

  private final ScheduledExecutorService reports =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("report-engines").factory());
  private EngineReport last = EngineReport.NONE;
  private long lastNanos = System.nanoTime();

  /// The models that an application is configured with.
  ///
  /// @throws IllegalArgumentException if a setting of them is wrong, naming it
  static List<ModelSettings> configured(SparkConf conf) {
    Map<String, String> settings =
        Arrays.stream(conf.getAll()).collect(Collectors.toMap(Tuple2::_1, Tuple2::_2));
    return new SessionModels(settings).all();
  }

  @Override
  public void init(PluginContext context, Map<String, String> fromDriver) {
    List<ModelSettings> models = configured(context.conf());
    Thread.ofPlatform().daemon().name("open-models").start(() -> models.forEach(this::open));
    if (!context.executorID().equals(DRIVER)) {
      EngineReport.register(context.metricRegistry(), this::last);
    }
    var _ =
        reports.scheduleAtFixedRate(
            () -> report(context), INTERVAL_SECONDS, INTERVAL_SECONDS, TimeUnit.SECONDS);
  }

  private void open(ModelSettings model) {
    try {
      var _ = model.handle().engine();
    } catch (RuntimeException e) { // whoever needs the model tries again, and gets the reason
      LOG.error("model '{}' cannot be opened: {}", model.name(), e.getMessage());
    }
  }

  private void report(PluginContext context) {
    long now = System.nanoTime();
    EngineReport report = next(now);
    try {
      context.send(new EngineGauges.Message(context.executorID(), report));
    } catch (IOException | RuntimeException e) { // the driver ends, and this executor with it
      LOG.debug("the driver takes no report", e);
    }
  }

  private synchronized EngineReport next(long now) {
    EngineReport report = ExecutorEngines.report().since(last, (now - lastNanos) / 1e9);
    last = report;
    lastNanos = now;
    return report;
  }

  private synchronized EngineReport last() {
    return last;
  }

  @Override
  public void shutdown() {
    reports.shutdownNow();
  }
}
