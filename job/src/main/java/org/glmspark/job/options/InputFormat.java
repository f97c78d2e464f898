package org.glmspark.job.options;

/// File formats that are read without further jars.
public enum InputFormat {
  PARQUET,
  JSON,
  CSV,
  TEXT,
  ORC,
  /// OpenAI's batch files: requests to `/v1/chat/completions`, one a line.
  OPENAI_BATCH
}
