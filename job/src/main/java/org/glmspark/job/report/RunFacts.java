package org.glmspark.job.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of a run besides its rows.
///
/// @param output where the rows are
/// @param workRemains why not all of the input's rows are in the output, or null if they are
/// @param started when the rows were begun
/// @param duration how long they took
/// @param completionTokensPerSecond tokens generated in a second of that
/// @param rows how many rows there are
/// @param engineVersion what generated
/// @param sparkVersion the Spark that ran it
/// @param modelDigest SHA-256, in hexadecimal, of the model
/// @param kernels what computed, on the different machines of a cluster
/// @param options the job, every default filled in
public record RunFacts(
    String output,
    @Nullable String workRemains,
    Instant started,
    Duration duration,
    double completionTokensPerSecond,
    RowCounts rows,
    String engineVersion,
    String sparkVersion,
    String modelDigest,
    List<String> kernels,
    ObjectNode options) {
  public RunFacts {
    kernels = List.copyOf(kernels);
  }

  /// Counts of rows.
  ///
  /// @param inOutput rows of the output, after the run
  /// @param ofThisRun those of them that the run added
  /// @param left rows of the input that are not in the output
  /// @param generated requests that the run asked the model
  /// @param repeated rows of the run that were answered with the completion of an equal request
  public record RowCounts(
      long inOutput, long ofThisRun, long left, long generated, long repeated) {}
}
