package org.glmspark.udfs;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.jspecify.annotations.Nullable;

/// Waits on a task's thread without holding up its end.
///
/// Spark ends a task by interrupting its thread or, where `spark.sql.execution.interruptOnCancel`
/// is off, by marking it only; so the mark is looked at five times a second.
final class TaskWait {
  private static final long LOOK_MILLIS = 200;

  private TaskWait() {}

  /// Waits for a future.
  ///
  /// @param meanwhile run on this thread each time the future is not yet done
  /// @throws ExecutionException if the future failed
  /// @throws TaskKilledException if Spark ends the task before the future is done
  static <T> T await(Future<T> future, Runnable meanwhile) throws ExecutionException {
    @Nullable TaskContext task = TaskContext.get(); // null outside a task
    while (true) {
      if (task != null && task.isInterrupted()) {
        throw new TaskKilledException("ended while it waited for the model");
      }
      try {
        return future.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException _) {
        meanwhile.run();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        throw new TaskKilledException("interrupted while it waited for the model");
      }
    }
  }
}
