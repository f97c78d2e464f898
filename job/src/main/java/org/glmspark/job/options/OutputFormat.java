package org.glmspark.job.options;

/// File formats that hold the results, some of which are structs.
public enum OutputFormat {
  PARQUET,
  JSON,
  ORC,
  /// The output of OpenAI's batch files, for an input of batch files.
  OPENAI_BATCH
}
