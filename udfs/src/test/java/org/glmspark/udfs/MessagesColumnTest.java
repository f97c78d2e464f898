package org.glmspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.glmspark.prompt.ChatTemplate;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.openai.Conversation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Conversations in columns, as structs and as JSON, on the sample model.
class MessagesColumnTest {
  private static final SparkSession SPARK = LocalSpark.session();
  private static ModelHandle model;

  @BeforeAll
  static void openTheModel() {
    model = ModelHandle.of(SampleData.model(), SampleData.options(4));
  }

  @AfterAll
  static void closeEngines() {
    ExecutorEngines.closeAll();
  }

  private static Map<String, Row> completed(Dataset<Row> input, PromptSource prompt) {
    var generation =
        new Generation(
            model, prompt, SamplingParameters.greedy(8), List.of("id"), ResultColumns.plain(), 1);
    return generation
        .apply(input)
        .select("id", "lineage.request_id", "error", "usage.prompt", "finish_reason")
        .collectAsList()
        .stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row));
  }

  @Test
  void structsAndJsonAskTheSame() throws Exception {
    String messages =
        """
        [{"role": "system", "content": "Be brief."}, {"role": "user", "name": "Ann", "content": "Hi"},
         {"role": "assistant", "tool_calls": [{"name": "note", "arguments": "{\\"hour\\": 7}"}]},
         {"role": "tool", "content": "done"}]\
        """;
    String tools =
        """
        [{"type": "function", "function": {"name": "note", "description": "Notes an hour.",
          "parameters": {"type": "object"}}}]\
        """;
    Dataset<Row> structs =
        SPARK.sql(
            """
            SELECT 'structs' AS id,
              array(
                named_struct('role', 'system', 'content', 'Be brief.', 'name', NULL, 'tool_calls', NULL),
                named_struct('role', 'user', 'content', 'Hi', 'name', 'Ann', 'tool_calls', NULL),
                named_struct('role', 'assistant', 'content', NULL, 'name', NULL, 'tool_calls',
                  array(named_struct('name', 'note', 'arguments', '{"hour": 7}'))),
                named_struct('role', 'tool', 'content', 'done', 'name', NULL, 'tool_calls', NULL)) AS chat,
              array(named_struct('type', 'function', 'function', named_struct('name', 'note',
                'description', 'Notes an hour.', 'parameters', '{"type": "object"}'))) AS offered\
            """);
    Dataset<Row> text =
        SPARK
            .sql("SELECT 'text' AS id")
            .selectExpr("id", sql(messages) + " AS chat", sql(tools) + " AS offered");
    var prompt = new PromptSource.Messages("chat", "offered");

    Row fromStructs = Objects.requireNonNull(completed(structs, prompt).get("structs"));
    Row fromText = Objects.requireNonNull(completed(text, prompt).get("text"));

    ChatTemplate template = Objects.requireNonNull(model.engine().model().chatTemplate());
    assertThat(fromStructs.isNullAt(2)).isTrue();
    assertThat(fromStructs.getString(1)).isEqualTo(fromText.getString(1));
    assertThat(fromText.getInt(3))
        .isEqualTo(template.encode(Conversation.read(messages, tools)).length);
  }

  private static String sql(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  @Test
  void aConversationThatCannotBeAskedIsTheErrorOfItsRow() {
    Dataset<Row> input =
        SPARK.sql(
            """
            SELECT * FROM VALUES
              ('fine', '[{"role": "user", "content": "Hi"}]', NULL),
              ('null', NULL, NULL),
              ('empty', '[]', NULL),
              ('role', '[{"role": "user", "content": "Hi"}, {"role": "robot", "content": "Hi"}]', NULL),
              ('text', 'Hi', NULL),
              ('tools', '[{"role": "user", "content": "Hi"}]', '[{"type": "telescope"}]'),
              ('arguments', '[{"role": "assistant", "content": "", "tool_calls":
                [{"name": "python", "arguments": {"x": 1}}]}]', '[{"type": "python"}]')
            AS t(id, chat, offered)\
            """);

    Map<String, Row> rows = completed(input, new PromptSource.Messages("chat", "offered"));

    assertThat(error(rows, "fine")).isNull();
    assertThat(error(rows, "null")).isEqualTo("no text: column 'chat' is null");
    assertThat(error(rows, "empty"))
        .isEqualTo("invalid request: messages is [], expected at least one message");
    assertThat(error(rows, "role"))
        .isEqualTo(
            "invalid request: messages[1].role is \"robot\", "
                + "expected system, developer, user, assistant or tool");
    assertThat(error(rows, "text")).startsWith("invalid request: messages is no JSON: 'Hi'");
    assertThat(error(rows, "tools"))
        .startsWith("invalid request: tools[0]: tool of type 'telescope' without a name");
    assertThat(error(rows, "arguments")) // what only the model's template can tell
        .isEqualTo(
            "invalid request: messages: tool call 'python' has the arguments {\"x\":1}, "
                + "expected only a text 'code'");
    assertThat(rows.values().stream().filter(row -> row.getString(4).equals("error"))).hasSize(6);
  }

  private static @Nullable String error(Map<String, Row> rows, String id) {
    return Objects.requireNonNull(rows.get(id)).getString(2);
  }
}
