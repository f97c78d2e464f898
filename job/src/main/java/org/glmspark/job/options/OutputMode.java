package org.glmspark.job.options;

/// What happens if the output folder exists.
public enum OutputMode {
  /// The run is refused before any work.
  ERROR_IF_EXISTS,
  /// The new output takes the place of the old one, once it is complete.
  OVERWRITE
}
