package org.glmspark.job.options;

/// File formats that Spark reads without further jars.
public enum InputFormat {
  PARQUET,
  JSON,
  CSV,
  TEXT,
  ORC
}
