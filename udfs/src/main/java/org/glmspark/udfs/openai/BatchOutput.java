package org.glmspark.udfs.openai;

import java.util.Iterator;
import java.util.Objects;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.tokenizer.Vocabulary;
import org.glmspark.udfs.ModelHandle;

/// Completed rows of a batch as the lines of its output file.
///
/// @param model that answered; opened where a row tells log-probabilities, for the tokens' bytes
/// @param sampling how tokens were chosen where a line did not say
public record BatchOutput(ModelHandle model, SamplingParameters sampling) {

  /// The lines, one column of text: `lines(completed).write().text(folder)` makes the files.
  ///
  /// @param completed rows of [BatchInput] with their results, under the names of
  ///   [org.glmspark.udfs.ResultColumns#plain]
  public Dataset<String> lines(Dataset<Row> completed) {
    Dataset<Row> read =
        completed.select(
            BatchInput.REQUEST,
            BatchInput.USES_OF_ID,
            "completion",
            "finish_reason",
            "error",
            "tool_calls",
            "usage",
            "lineage",
            "logprobs");
    Broadcast<ModelHandle> handle =
        JavaSparkContext.fromSparkContext(completed.sparkSession().sparkContext()).broadcast(model);
    return read.mapPartitions(new WriteLines(handle, sampling), Encoders.STRING());
  }

  private record WriteLines(Broadcast<ModelHandle> model, SamplingParameters sampling)
      implements MapPartitionsFunction<Row, String> {

    @Override
    public Iterator<String> call(Iterator<Row> rows) {
      return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
          .map(row -> new BatchAnswer(row, this::vocabulary).line(line(row)).toString())
          .iterator();
    }

    private BatchLine line(Row row) {
      return BatchLine.read(row.getString(0), row.getLong(1), sampling);
    }

    private Vocabulary vocabulary() {
      return Objects.requireNonNull(model.value().engine().model().tokenizer()).vocabulary();
    }
  }
}
