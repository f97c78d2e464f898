package org.glmspark.job.output;

import org.apache.hadoop.fs.Path;

/// Rows that were committed together.
///
/// @param number 1 for the first of an output
/// @param folder where they are
public record Round(int number, Path folder) {}
