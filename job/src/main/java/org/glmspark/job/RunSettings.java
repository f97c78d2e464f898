package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.JobFile;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.model.EngineVersion;

/// What a run was asked for, as it stays with the output: enough to do the run again.
///
/// @param id tells the run from all others of an output; ids of later runs sort after it
/// @param options the job, every default filled in
/// @param scope which rows it is about
/// @param modelDigest SHA-256, in hexadecimal, of the model
/// @param sparkVersion the Spark that runs it
/// @param schema of the output's rows
/// @param started when
record RunSettings(
    String id,
    JobOptions options,
    JobRun.Scope scope,
    String modelDigest,
    String sparkVersion,
    StructType schema,
    Instant started) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String REMEDY = "choose another output, or --set output.mode=overwrite";
  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS").withZone(ZoneOffset.UTC);

  /// A run that starts now.
  static RunSettings of(
      JobOptions options,
      JobRun.Scope scope,
      String modelDigest,
      String sparkVersion,
      StructType schema) {
    Instant now = Instant.now();
    String id = ID.format(now) + "-" + UUID.randomUUID().toString().substring(0, 8);
    return new RunSettings(id, options, scope, modelDigest, sparkVersion, schema, now);
  }

  /// Where this and what comes of the run is kept in the output, see [OutputFolder#write].
  String fileName() {
    return "runs/" + id + ".json";
  }

  /// Refuses to add rows to rows with other columns or in other folders, which nobody could read
  /// together, or with ids of another kind, which would be done twice.
  ///
  /// @throws RefusedException if the runs that wrote the output were of another kind
  void requireSameKind(OutputFolder output) throws IOException {
    List<byte[]> runs = output.runs();
    if (runs.isEmpty()) {
      return;
    }
    RunSettings last = parse(runs.getLast());
    requireSame(output, "%s files", last.options.output().format(), options.output().format());
    if (!last.schema().asNullable().sameType(schema.asNullable())) {
      throw new RefusedException(
          "output '%s' has the columns %s, and this run would add rows with %s; %s"
              .formatted(
                  output.target(), last.schema().simpleString(), schema.simpleString(), REMEDY));
    }
    requireSame(
        output,
        "folders by output.partition-by=%s",
        last.options.output().partitionBy(),
        options.output().partitionBy());
    requireSame(
        output, "row ids by input.key=%s", last.options.input().key(), options.input().key());
    if (options.input().key().isEmpty()) {
      requireSameIds(output, lastThatAdded(runs));
    }
  }

  /// The last run that did not only retry rows; the first run of an output is such.
  private static RunSettings lastThatAdded(List<byte[]> runs) throws IOException {
    for (byte[] json : runs.reversed()) {
      RunSettings run = parse(json);
      if (run.scope != JobRun.Scope.FAILED_ROWS) {
        return run;
      }
    }
    return parse(runs.getFirst());
  }

  private static void requireSame(OutputFolder output, String what, Object found, Object adds) {
    if (!found.equals(adds)) {
      throw new RefusedException(
          "output '%s' has %s, and this run would add %s; %s"
              .formatted(output.target(), what.formatted(found), what.formatted(adds), REMEDY));
    }
  }

  /// Without a key, the arrival that a row came with is in its id.
  private void requireSameIds(OutputFolder output, RunSettings added) {
    if (scope == JobRun.Scope.FAILED_ROWS && added.isIncremental()) {
      throw new RefusedException(
          ("output '%s' was written with --incremental and without input.key, so its rows have ids of"
                  + " the time they came, and --retry-failed cannot tell which of the input they are;"
                  + " complete the input into another output, with input.key")
              .formatted(output.target()));
    }
    if (scope != JobRun.Scope.FAILED_ROWS && added.isIncremental() != isIncremental()) {
      throw new RefusedException(
          ("output '%s' was written %s --incremental, and without input.key rows have other ids "
                  + "%s it; %s")
              .formatted(
                  output.target(),
                  isIncremental() ? "without" : "with",
                  isIncremental() ? "with" : "without",
                  REMEDY));
    }
  }

  private boolean isIncremental() {
    return scope == JobRun.Scope.NEW_FILES;
  }

  /// The columns of the rows that it read.
  StructType inputSchema() {
    int results = options.results().append(new StructType()).length();
    return new StructType(Arrays.copyOf(schema.fields(), schema.length() - results));
  }

  /// What stays with the output of a run that goes on, or was killed.
  ObjectNode running() {
    return json("running");
  }

  /// What stays with the output of a run that an exception ended.
  ObjectNode brokenOff(Exception e) {
    return json("broken off").put("stopped", String.valueOf(e.getMessage()));
  }

  /// What stays with the output.
  ///
  /// @param state what has become of the run
  ObjectNode json(String state) {
    ObjectNode run = JSON.createObjectNode();
    run.put("id", id);
    run.put("state", state);
    run.put("engine_version", EngineVersion.current());
    run.put("spark_version", sparkVersion);
    run.put("model_digest", modelDigest);
    run.put("scope", OptionKeys.constant(scope));
    run.put("started", started.toString());
    run.set("options", OptionKeys.json(options));
    try {
      run.set("schema", JSON.readTree(schema.json()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Spark's own JSON", e);
    }
    return run;
  }

  /// Reads what [#json] wrote.
  static RunSettings parse(byte[] json) throws IOException {
    JsonNode run = JSON.readTree(json);
    String id = run.path("id").asText();
    JobOptions options = JobFile.parse(Path.of(id), run.path("options").toString()).options();
    String scope = run.path("scope").asText();
    return new RunSettings(
        id,
        options,
        Arrays.stream(JobRun.Scope.values())
            .filter(value -> OptionKeys.constant(value).equals(scope))
            .findAny()
            .orElseThrow(() -> new IOException("run %s has scope '%s'".formatted(id, scope))),
        run.path("model_digest").asText(),
        run.path("spark_version").asText(),
        (StructType) DataType.fromJson(run.path("schema").toString()),
        Instant.parse(run.path("started").asText()));
  }

  static byte[] bytes(JsonNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }
}
