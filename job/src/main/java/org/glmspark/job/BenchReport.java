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
  private static final int WIDTH = 120;
  private static final double GIGA = 1e9;
  private static final String INT8 = "int8";
  private static final String FLOAT = "float32";

  /// From so many tokens on a product multiplies longer than it reads.
  private static final int MANY_TOKENS = 8;

  private final Model model;
  private final int threads;
  private final String kernels;
  private final MachineSpeed machine;
  private final List<Measurement> measurements = new ArrayList<>();

  /// One line of the table.
  ///
  /// @param name what was measured
  /// @param ceiling what `share` is a share of
  private record Measurement(String name, Phase phase, String ceiling, double share) {}

  /// @param kernels which kernels compute
  BenchReport(Model model, int threads, String kernels, MachineSpeed machine) {
    this.model = model;
    this.threads = threads;
    this.kernels = kernels;
    this.machine = machine;
  }

  /// Adds a matrix product. Few tokens wait for memory, many for the multiplier.
  void product(String name, int tokens, Phase phase) {
    String test = "%s, %s".formatted(name, tokens(tokens));
    measurements.add(tokens < MANY_TOKENS ? memory(test, phase) : multiplier(test, phase));
  }

  /// Adds attention. One query waits for memory, many for the multiplier of float32.
  void attention(int queries, int contextTokens, Phase phase) {
    String test = "attention of %s after %,d".formatted(tokens(queries), contextTokens);
    measurements.add(
        queries == 1
            ? memory(test, phase)
            : new Measurement(
                test, phase, FLOAT, phase.operationsPerSecond() / machine.floatOperations()));
  }

  /// Adds a prompt's computation, which multiplying bounds.
  void prefill(int promptTokens, Phase phase) {
    measurements.add(multiplier("prefill of " + tokens(promptTokens), phase));
  }

  /// Adds decoding, which reading the weights bounds.
  void decode(int batch, int contextTokens, Phase phase) {
    measurements.add(memory("decode, batch %d after %,d".formatted(batch, contextTokens), phase));
  }

  private static String tokens(int count) {
    return count == 1 ? "1 token" : "%,d tokens".formatted(count);
  }

  private Measurement memory(String test, Phase phase) {
    return new Measurement(test, phase, "memory", phase.readBytesPerSecond() / machine.readBytes());
  }

  private Measurement multiplier(String test, Phase phase) {
    boolean int8 = quantized() && machine.int8Operations() > 0;
    double ceiling = int8 ? machine.int8Operations() : machine.floatOperations();
    return new Measurement(test, phase, int8 ? INT8 : FLOAT, phase.operationsPerSecond() / ceiling);
  }

  private boolean quantized() {
    return model.weights().layers().getFirst().gateUp().type().isQuantized();
  }

  List<String> lines() {
    var lines = new ArrayList<String>();
    lines.add("machine  %d threads, %s".formatted(threads, kernels));
    lines.add(
        "ceiling  int8 %s GOPS, float32 %s GOPS, memory %s GB/s"
            .formatted(
                machine.int8Operations() == 0
                    ? "not known,"
                    : decimal(machine.int8Operations() / GIGA),
                decimal(machine.floatOperations() / GIGA),
                decimal(machine.readBytes() / GIGA)));
    lines.add(
        "model    %d layers, %,d parameters, %s GB of matrices"
            .formatted(
                model.config().layers(),
                model.config().parameters(),
                decimal(model.weights().matrixBytes() / GIGA)));
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
        .put("kernels", kernels)
        .put("int8_operations_per_second", machine.int8Operations())
        .put("float_operations_per_second", machine.floatOperations())
        .put("read_bytes_per_second", machine.readBytes());
    json.putObject("model")
        .put("layers", model.config().layers())
        .put("parameters", model.config().parameters())
        .put("matrix_bytes", model.weights().matrixBytes());
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
