package org.glmspark.udfs.function;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.TaskPrompts;

/// The label that the model finds most probable for the row's text, by scoring each; nothing is
/// written, so nothing else can come out. `ai_classify` with an array of labels, and
/// `ai_analyze_sentiment`.
///
/// @param question which labels
record ChooseLabel(Question question) implements RowFunction {
  @Override
  public String name() {
    return question.functionName();
  }

  @Override
  public DataType dataType() {
    return DataTypes.StringType;
  }

  @Override
  public Map<String, String> options() {
    return question.options();
  }

  /// What is asked about a text.
  sealed interface Question extends Serializable {
    /// The emotion of a text.
    record Sentiment() implements Question {
      private static final List<String> LABELS =
          List.of("positive", "negative", "neutral", "mixed");
    }

    /// One of some labels.
    record Labels(List<String> labels) implements Question {
      public Labels {
        labels = List.copyOf(labels);
      }
    }

    default String functionName() {
      return switch (this) {
        case Sentiment _ -> "ai_analyze_sentiment";
        case Labels _ -> "ai_classify";
      };
    }

    default Map<String, String> options() {
      return switch (this) {
        case Sentiment _ -> Map.of();
        case Labels(List<String> labels) -> Map.of("labels", labels.toString());
      };
    }

    default List<String> choices() {
      return switch (this) {
        case Sentiment _ -> Sentiment.LABELS;
        case Labels(List<String> labels) -> labels;
      };
    }

    default String prompt(String content) {
      return switch (this) {
        case Sentiment _ -> TaskPrompts.sentiment(content);
        case Labels(List<String> labels) -> TaskPrompts.classify(content, labels);
      };
    }
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    List<String> choices = question.choices();
    return requests
        .score(requests.model().prompt(question.prompt(content)), choices)
        .thenApply(scores ->
            scores.error() != null
                ? new RowAnswer.Failed(scores.error())
                : new RowAnswer.Value(UTF8String.fromString(choices.get(scores.best()))));
  }
}
