package org.glmspark.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.model.EngineVersion;

/// A run that is done: what it was asked for, and what came of it.
///
/// @param options the job, every default filled in
/// @param modelDigest SHA-256, in hexadecimal, of the model
/// @param sparkVersion the Spark that ran it
/// @param kernels what computed, on the different machines of a cluster
/// @param started when the rows were begun
/// @param generation how long the rows took, from the first task to the last file
/// @param totals counted from the output
record RunResult(
    JobOptions options,
    String modelDigest,
    String sparkVersion,
    List<String> kernels,
    Instant started,
    Duration generation,
    Totals totals) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  RunResult {
    kernels = List.copyOf(kernels);
  }

  /// Completion tokens in a second of the generation.
  double tokensPerSecond() {
    return totals.completionTokens() / Math.max(1e-3, generation.toMillis() / 1e3);
  }

  /// What stays with the output as `_glm/run.json`: enough to do the run again.
  byte[] json() throws IOException {
    ObjectNode run = JSON.createObjectNode();
    run.put("engine_version", EngineVersion.current());
    run.put("spark_version", sparkVersion);
    run.put("model_digest", modelDigest);
    kernels.forEach(run.putArray("kernels")::add);
    run.put("started", started.toString());
    run.put("generation_seconds", generation.toMillis() / 1e3);
    run.put("rows", totals.rows());
    ObjectNode failed = run.putObject("failed_rows");
    totals.failedByReason().forEach(failed::put);
    run.put("prompt_tokens", totals.promptTokens());
    run.put("completion_tokens", totals.completionTokens());
    run.set("options", OptionKeys.json(options));
    return JSON.writeValueAsBytes(run);
  }
}
