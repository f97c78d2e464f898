package org.glmspark.udfs.plan;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.JoinedRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.glmspark.udfs.AnswerCache;
import org.glmspark.udfs.InternalErrors;
import org.glmspark.udfs.LookAhead;
import org.glmspark.udfs.ModelHandle;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.function.FailedRowException;
import org.glmspark.udfs.function.ModelTask;
import org.glmspark.udfs.function.OnFailure;
import org.glmspark.udfs.function.RowAnswer;
import org.glmspark.udfs.function.Scala;
import org.jspecify.annotations.Nullable;

/// What a task of [CallModelExec] does with the rows of its partition.
///
/// @param calls made for each row
/// @param input the columns of a row that comes in
/// @param output the columns of a row that goes out: those, and one for each call
/// @param metrics counts what was done
record CallRows(
    List<Call> calls, List<Attribute> input, List<Attribute> output, CallMetrics metrics)
    implements FlatMapFunction<Iterator<InternalRow>, InternalRow> {

  /// A call as an executor gets it.
  ///
  /// @param model which model, as the driver found it
  /// @param text the call as plans show it
  /// @param inputs the expressions that give its texts
  record Call(ModelTask task, ModelHandle model, String text, List<Expression> inputs)
      implements Serializable {}

  @Override
  public Iterator<InternalRow> call(Iterator<InternalRow> rows) {
    Map<ModelHandle, OpenModel> models = new HashMap<>();
    calls.forEach(call -> models.computeIfAbsent(call.model(), OpenModel::of));
    return LookAhead.over(
        rows, models.values().stream().map(OpenModel::engine).toList(), new Task(models)::ask);
  }

  /// One partition: expressions and rows are Spark's, and stay on the task's own thread.
  private final class Task {
    private final Map<ModelHandle, OpenModel> models;
    private final UnsafeProjection texts;
    private final UnsafeProjection joined;

    Task(Map<ModelHandle, OpenModel> models) {
      this.models = models;
      List<Expression> expressions =
          calls.stream().flatMap(call -> call.inputs().stream()).toList();
      this.texts = UnsafeProjection.create(Scala.<Expression>seq(expressions), Scala.seq(input));
      texts.initialize(TaskContext.getPartitionId()); // rand() and its like in a call's input
      this.joined = UnsafeProjection.create(Scala.<Expression>seq(output), Scala.seq(output));
    }

    /// What is under way for one call of a row; none if an input is null.
    private record Asking(Call call, RowRequests requests, CompletableFuture<RowAnswer> answer) {}

    LookAhead.PendingRow<InternalRow> ask(InternalRow shared) {
      InternalRow row = shared.copy(); // the next row comes in the same object
      InternalRow inputs = texts.apply(row);
      List<@Nullable Asking> asking = new ArrayList<>();
      List<LookAhead.Asked> asked = new ArrayList<>();
      int first = 0;
      for (Call call : calls) {
        @Nullable List<String> present = present(inputs, first, call.inputs().size());
        first += call.inputs().size();
        @Nullable Asking now = present == null ? null : ask(call, present);
        asking.add(now);
        if (now != null) {
          asked.add(new LookAhead.Asked(model(call).engine(), now.answer()));
        }
      }
      return new LookAhead.PendingRow<>(
          () -> calls.getFirst().text(), asked, waited -> finish(row, asking, waited));
    }

    private static @Nullable List<String> present(InternalRow inputs, int first, int count) {
      List<String> present = new ArrayList<>();
      for (int i = first; i < first + count; i++) {
        if (inputs.isNullAt(i)) {
          return null;
        }
        present.add(inputs.getUTF8String(i).toString());
      }
      return present;
    }

    private OpenModel model(Call call) {
      return Objects.requireNonNull(models.get(call.model()));
    }

    private Asking ask(Call call, List<String> inputs) {
      var requests = new RowRequests(model(call), AnswerCache.ofExecutor());
      CompletableFuture<RowAnswer> answer = call.task().function().ask(requests, inputs);
      return new Asking(call, requests, requests.withdrawnIfCancelled(answer));
    }

    private InternalRow finish(InternalRow row, List<@Nullable Asking> asking, long waitedNanos) {
      @Nullable Object[] values = new Object[asking.size()];
      for (int i = 0; i < values.length; i++) {
        @Nullable Asking call = asking.get(i);
        values[i] = call == null ? null : value(call);
      }
      metrics.rows().add(1);
      metrics.waitTime().add(waitedNanos);
      return joined.apply(new JoinedRow(row, new GenericInternalRow(values)));
    }

    private @Nullable Object value(Asking asking) {
      metrics.add(asking.requests().cost());
      return switch (asking.answer().resultNow()) {
        case RowAnswer.Value(Object value) -> value;
        case RowAnswer.Failed(var error) -> {
          metrics.failedRows().add(1);
          InternalErrors.log(asking.call().text(), error);
          ModelTask task = asking.call().task();
          if (task.onFailure() == OnFailure.FAIL_QUERY) {
            throw new FailedRowException(asking.call().text(), error);
          }
          yield task.function().failed(error);
        }
      };
    }
  }
}
