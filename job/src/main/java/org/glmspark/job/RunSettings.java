package org.glmspark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.glmspark.job.options.JobOptions;
import org.glmspark.job.options.OptionKeys;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.model.EngineVersion;

/// What a run was asked for, as it stays with the output: enough to do the run again.
///
/// @param id tells the run from all others of an output; ids of later runs sort after it
/// @param options the job, every default filled in
/// @param modelDigest SHA-256, in hexadecimal, of the model
/// @param sparkVersion the Spark that runs it
/// @param schema of the output's rows
/// @param started when
record RunSettings(
    String id,
    JobOptions options,
    String modelDigest,
    String sparkVersion,
    StructType schema,
    Instant started) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS").withZone(ZoneOffset.UTC);

  /// A run that starts now.
  static RunSettings of(
      JobOptions options, String modelDigest, String sparkVersion, StructType schema) {
    Instant now = Instant.now();
    String id = ID.format(now) + "-" + UUID.randomUUID().toString().substring(0, 8);
    return new RunSettings(id, options, modelDigest, sparkVersion, schema, now);
  }

  /// Where this and what comes of the run is kept in the output, see [OutputFolder#write].
  String fileName() {
    return "runs/" + id + ".json";
  }

  /// Refuses to add rows to rows with other columns: nobody could read them together.
  ///
  /// @throws RefusedException if the last run that wrote the output had another schema
  void requireSameSchema(OutputFolder output) throws IOException {
    for (byte[] run : output.runs().reversed()) {
      JsonNode before = JSON.readTree(run);
      String format = before.path("options").path("output").path("format").asText();
      String expected = OptionKeys.constant(options.output().format());
      if (!format.equals(expected)) {
        throw new RefusedException(
            "output '%s' has %s files, and this run would add %s files; %s"
                .formatted(output.target(), format, expected, remedy()));
      }
      StructType columns = (StructType) DataType.fromJson(before.path("schema").toString());
      if (!columns.asNullable().sameType(schema.asNullable())) {
        throw new RefusedException(
            "output '%s' has the columns %s, and this run would add rows with %s; %s"
                .formatted(output.target(), columns.simpleString(), schema.simpleString(), remedy()));
      }
      return;
    }
  }

  private static String remedy() {
    return "choose another output, or --set output.mode=overwrite";
  }

  ObjectNode json() {
    ObjectNode run = JSON.createObjectNode();
    run.put("id", id);
    run.put("state", "running");
    run.put("engine_version", EngineVersion.current());
    run.put("spark_version", sparkVersion);
    run.put("model_digest", modelDigest);
    run.put("started", started.toString());
    run.set("options", OptionKeys.json(options));
    try {
      run.set("schema", JSON.readTree(schema.json()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Spark's own JSON", e);
    }
    return run;
  }

  static byte[] bytes(JsonNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }
}
