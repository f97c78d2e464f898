package org.glmspark.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.SparkSession;

/// What the driver of an application shows of its metrics.
final class MetricsPages {
  /// How long one waits for a number to come: executors report every two seconds.
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final HttpClient client = HttpClient.newHttpClient();
  private final String ui;

  MetricsPages(SparkSession spark) {
    ui = spark.sparkContext().uiWebUrl().get();
  }

  /// Waits until a gauge of the plugin has a value.
  ///
  /// @return whether it got it
  boolean reaches(String gauge, double value) {
    return await(() -> gauge(gauge) == value);
  }

  static boolean await(BooleanSupplier condition) {
    Instant end = Instant.now().plus(PATIENCE);
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(end)) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  /// A gauge of the plugin as `/metrics/json` shows it; NaN if it does not.
  double gauge(String name) {
    try {
      JsonNode gauges = new ObjectMapper().readTree(page("/metrics/json/")).get("gauges");
      return gauges
          .path("glm.driver.plugin.org.glmspark.udfs.GlmPlugin." + name)
          .path("value")
          .asDouble(Double.NaN);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  String page(String path) throws IOException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(ui + path)).build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
