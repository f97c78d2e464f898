package org.glmspark.udfs.function;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.generation.LabelResult;
import org.glmspark.generation.RowError;
import org.glmspark.udfs.OpenModel;
import org.glmspark.udfs.RowRequests;
import org.glmspark.udfs.TaskPrompts;

/// The labels that the model finds fit for the row's text, by scoring; nothing is written, so
/// nothing else can come out. `ai_classify` with labels as JSON.
///
/// @param labels with their descriptions
/// @param instructions what else the model is to heed; empty for nothing
/// @param choice how many labels a text can have
record ChooseDescribedLabels(List<Labels.Described> labels, String instructions, Choice choice)
    implements RowFunction {
  private static final List<String> YES_OR_NO = List.of("yes", "no");

  /// How many labels a text can have.
  enum Choice {
    /// The most probable one.
    ONE,
    /// Each is asked about by itself: none, one or several.
    ANY
  }

  ChooseDescribedLabels {
    labels = List.copyOf(labels);
  }

  @Override
  public String name() {
    return "ai_classify";
  }

  @Override
  public DataType dataType() {
    return DataTypes.VariantType;
  }

  @Override
  public Map<String, String> options() {
    var options = new LinkedHashMap<String, String>();
    options.put("labels", labels.stream().map(Labels.Described::name).toList().toString());
    options.put("multilabel", String.valueOf(choice == Choice.ANY));
    if (!instructions.isEmpty()) {
      options.put("instructions", "'%s'".formatted(instructions));
    }
    return options;
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String content = inputs.getFirst();
    if (content.isBlank()) {
      return RowAnswer.noText();
    }
    return switch (choice) {
      case ONE -> askForOne(requests, content);
      case ANY -> askForAny(requests, content);
    };
  }

  private CompletableFuture<RowAnswer> askForOne(RowRequests requests, String content) {
    List<String> names = labels.stream().map(Labels.Described::name).toList();
    boolean plain =
        instructions.isEmpty() && labels.stream().allMatch(l -> l.description().isEmpty());
    String prompt =
        plain
            ? TaskPrompts.classify(content, names)
            : TaskPrompts.classifyAsDescribed(content, lines(), instructions);
    return requests
        .score(requests.model().prompt(prompt), names)
        .thenApply(scores -> {
          RowError error = scores.error();
          return error == null
              ? response(List.of(names.get(scores.best())))
              : new RowAnswer.Failed(error);
        });
  }

  private CompletableFuture<RowAnswer> askForAny(RowRequests requests, String content) {
    OpenModel model = requests.model();
    List<CompletableFuture<LabelResult>> answers =
        labels.stream()
            .map(label ->
                requests.score(
                    model.prompt(
                        TaskPrompts.labelApplies(content, lines(), instructions, label.name())),
                    YES_OR_NO))
            .toList();
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .thenApply(_ -> applying(answers.stream().map(CompletableFuture::resultNow).toList()));
  }

  private RowAnswer applying(List<LabelResult> answers) {
    for (LabelResult answer : answers) {
      RowError error = answer.error();
      if (error != null) {
        return new RowAnswer.Failed(error);
      }
    }
    List<String> applying = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i).best() == 0) {
        applying.add(labels.get(i).name());
      }
    }
    return response(applying);
  }

  private List<String> lines() {
    return labels.stream().map(Labels.Described::line).toList();
  }

  private static RowAnswer response(List<String> names) {
    ArrayNode response = JsonNodeFactory.instance.arrayNode();
    names.forEach(response::add);
    return new RowAnswer.Value(Variants.response(response));
  }

  @Override
  public Object failed(RowError error) {
    return Variants.failed(error);
  }
}
