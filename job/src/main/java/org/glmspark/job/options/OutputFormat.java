package org.glmspark.job.options;

/// File formats that hold the result columns, some of which are structs.
public enum OutputFormat {
  PARQUET,
  JSON,
  ORC
}
