package org.glmspark.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.glmspark.job.options.RefusedException;
import org.glmspark.job.output.OutputFolder;
import org.glmspark.udfs.Generation;

/// Reads the files that came since the last run, with Structured Streaming, whose checkpoint in the
/// output says which those are.
///
/// Spark gives the new files as numbered batches. A batch whose run was killed comes again with the
/// same number and the same files; its rows have the same ids then, so those that were committed
/// are left alone. A batch counts as read only when all its rows are done.
///
/// @param generation what to do with the rows
/// @param work of this run
/// @param line as for [RoundWork#add]
record NewFiles(Generation generation, RoundWork work, LongFunction<ProgressLine> line) {

  /// Ends a stream before a batch is counted as read.
  private static final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /// Completes the rows of the new files.
  ///
  /// @param stream of all files that are there and come
  void add(Dataset<Row> stream, OutputFolder output) throws IOException {
    Path checkpoint = output.ownFile("checkpoint");
    try {
      StreamingQuery query =
          stream
              .writeStream()
              .trigger(Trigger.AvailableNow())
              .option("checkpointLocation", checkpoint.toString())
              .foreachBatch((VoidFunction2<Dataset<Row>, Long>) this::addBatch)
              .start();
      query.awaitTermination();
    } catch (StreamingQueryException | TimeoutException e) {
      if (!work.isStopped()) {
        throw failure(e);
      }
    }
  }

  private void addBatch(Dataset<Row> batch, long number) {
    try (RowsToDo rows = work.missing(generation.planBatch(batch, number))) {
      work.add(rows, line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (work.isStopped()) {
      throw new StoppedException();
    }
  }

  /// What Spark has wrapped, as a run of files gives it.
  private static RuntimeException failure(Exception e) throws IOException {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case UncheckedIOException unchecked -> throw unchecked.getCause();
        case IllegalArgumentException refused ->
            throw new RefusedException(String.valueOf(refused.getMessage()), e);
        default -> {}
      }
    }
    return new IllegalStateException("the new files could not be completed: " + e.getMessage(), e);
  }
}
