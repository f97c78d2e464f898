package org.glmspark.job.options;

/// What happens to rows that the output folder has.
public enum OutputMode {
  /// They stay; rows that are done are left alone, the others are added.
  RESUME,
  /// The new output takes the place of the old one, once it is complete.
  OVERWRITE,
  /// The run is refused before any work if the folder exists.
  ERROR_IF_EXISTS
}
