package org.glmspark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.glmspark.bench.MachineSpeed;
import org.glmspark.bench.Phase;
import org.glmspark.model.Model;

/// What `glm bench` measured: for people a table, for programs one JSON object.
final class BenchReport {
  private static final int WIDTH = 100;
  private static final double GIGA = 1e9;

  private final Model model;
  private final int threads;
  private final long weightBytes;
  private final MachineSpeed machine;
  private final List<Measurement> measurements = new ArrayList<>();

  /// One line of the table.
  ///
  /// @param name what was measured
  /// @param ceiling what `share` is a share of
  private record Measurement(String name, Phase phase, String ceiling, double share) {}

  BenchReport(Model model, int threads, long weightBytes, MachineSpeed machine) {
    this.model = model;
    this.threads = threads;
    this.weightBytes = weightBytes;
    this.machine = machine;
  }

  /// Adds a prompt's computation, which multiplying bounds.
  void prefill(int promptTokens, Phase phase) {
    measurements.add(
        new Measurement(
            "prefill %,d".formatted(promptTokens),
            phase,
            "float32 multiply-add",
            phase.operationsPerSecond() / machine.floatOperations()));
  }

  /// Adds decoding, which reading the weights bounds.
  void decode(int batch, int contextTokens, Phase phase) {
    measurements.add(
        new Measurement(
            "decode, batch %d after %,d".formatted(batch, contextTokens),
            phase,
            "memory",
            phase.readBytesPerSecond() / machine.readBytes()));
  }

  List<String> lines() {
    var lines = new ArrayList<String>();
    lines.add(
        "machine  %d threads: float32 multiply-add %s GOPS, memory %s GB/s"
            .formatted(
                threads,
                decimal(machine.floatOperations() / GIGA),
                decimal(machine.readBytes() / GIGA)));
    lines.add(
        "model    %d layers, %,d parameters, %s GB of matrices"
            .formatted(
                model.config().layers(),
                model.config().parameters(),
                decimal(weightBytes / GIGA)));
    lines.add("");
    lines.addAll(
        new TextTable(
                List.of("test", "seconds", "tokens/s", "GOPS", "GB/s", "share of ceiling"),
                measurements.stream().map(BenchReport::row).toList())
            .lines(WIDTH));
    return lines;
  }

  private static List<String> row(Measurement measurement) {
    Phase phase = measurement.phase();
    return List.of(
        measurement.name(),
        String.format(Locale.ROOT, "%.3f", phase.seconds()),
        decimal(phase.tokensPerSecond()),
        decimal(phase.operationsPerSecond() / GIGA),
        decimal(phase.readBytesPerSecond() / GIGA),
        String.format(
            Locale.ROOT, "%.0f %% of %s", 100 * measurement.share(), measurement.ceiling()));
  }

  private static String decimal(double number) {
    return String.format(Locale.ROOT, "%,.1f", number);
  }

  ObjectNode json() {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    ObjectNode json = nodes.objectNode();
    json.putObject("machine")
        .put("threads", threads)
        .put("float_operations_per_second", machine.floatOperations())
        .put("read_bytes_per_second", machine.readBytes());
    json.putObject("model")
        .put("layers", model.config().layers())
        .put("parameters", model.config().parameters())
        .put("matrix_bytes", weightBytes);
    var list = json.putArray("measurements");
    for (Measurement measurement : measurements) {
      Phase phase = measurement.phase();
      list.addObject()
          .put("name", measurement.name())
          .put("tokens", phase.tokens())
          .put("seconds", phase.seconds())
          .put("tokens_per_second", phase.tokensPerSecond())
          .put("operations_per_second", phase.operationsPerSecond())
          .put("read_bytes_per_second", phase.readBytesPerSecond())
          .put("ceiling", measurement.ceiling())
          .put("share", measurement.share());
    }
    return json;
  }
}
