package org.glmspark.udfs;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.RowError;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.prompt.ChatMessage;
import org.glmspark.sampling.SamplingParameters;
import org.glmspark.udfs.openai.BatchInput;
import org.glmspark.udfs.openai.ChatRequest;
import org.glmspark.udfs.openai.Conversation;
import org.glmspark.udfs.openai.InvalidRequestException;
import org.jspecify.annotations.Nullable;

/// What makes a row into a conversation for the model.
///
/// The columns it reads are turned into text by Spark's `cast(... as string)`, so dates and times
/// read as they do in SQL, in the session's time zone; arrays and structs become JSON.
public sealed interface PromptSource extends Serializable {

  /// Asks for a summary of one column, in the words of [TaskPrompts#summarize].
  ///
  /// @param column holds the text
  /// @param maxWords the limit to ask for; 0 asks for none
  /// @param longText what becomes of a row whose text is too long
  record Summarize(String column, int maxWords, LongText longText) implements PromptSource {
    public Summarize {
      if (maxWords < 0) {
        throw new IllegalArgumentException(
            "max_words is %d, expected 0 (no limit) or more".formatted(maxWords));
      }
    }

    /// Texts that the model cannot take are summarised by their parts.
    public Summarize(String column, int maxWords) {
      this(column, maxWords, new LongText(LongText.Handling.MAP_REDUCE, 0));
    }
  }

  /// Puts columns into a text.
  ///
  /// @param template the user's message; `{column}` stands for a column's value, `{{` and `}}` for
  ///   braces
  /// @param system the system message, taken as it stands, or null for none
  /// @param longText what becomes of a row whose text is too long
  /// @param longColumn the column with that text; null for the only one, or if the engine decides
  record Template(
      String template, @Nullable String system, LongText longText, @Nullable String longColumn)
      implements PromptSource {
    public Template {
      if (PromptTemplate.columns(template).isEmpty()) {
        throw new IllegalArgumentException(
            "prompt template names no column, so all rows would ask the same; "
                + "write {column} where a row's text goes: "
                + template);
      }
      requireLongColumn(template, longText, longColumn);
    }

    /// Rows that the model cannot take have an error.
    public Template(String template, @Nullable String system) {
      this(template, system, new LongText(LongText.Handling.ERROR, 0), null);
    }

    private static void requireLongColumn(
        String template, LongText longText, @Nullable String longColumn) {
      List<String> columns = PromptTemplate.columns(template);
      String named = String.join(", ", columns);
      if (longColumn != null && !columns.contains(longColumn)) {
        throw new IllegalArgumentException(
            "long-column is '%s', expected a column of the template: %s"
                .formatted(longColumn, named));
      }
      if (longText.leftToTheEngine()) {
        return;
      }
      if (longColumn == null && columns.size() > 1) {
        throw new IllegalArgumentException(
            "long-column is missing, expected the column of the template whose text may be too long: %s"
                .formatted(named));
      }
      String column = longColumn == null ? columns.getFirst() : longColumn;
      int places = PromptTemplate.places(template, column);
      if (places > 1 && longText.handling() != LongText.Handling.ERROR) {
        throw new IllegalArgumentException(
            "long-column is '%s', which stands in %d places of the template, expected one"
                .formatted(column, places));
      }
    }
  }

  /// What becomes of a row whose text is too long to be asked about in one piece.
  LongText longText();

  /// Which of [#columns] has that text.
  default int longTextIndex() {
    return switch (this) {
      case Summarize _ -> 0;
      case Template(_, _, _, String column) -> column == null ? 0 : columns().indexOf(column);
      case Messages _, OpenAiBatch _ -> throw new IllegalStateException("no text is cut");
    };
  }

  /// Puts a conversation that a column holds.
  ///
  /// @param column holds the messages, see [Conversation]: structs, or JSON text
  /// @param tools the column with the tools that the conversation offers, in structs or as the JSON
  ///   text of OpenAI's `tools`, or null for none; a row without any offers none
  record Messages(String column, @Nullable String tools) implements PromptSource {
    @Override
    public LongText longText() {
      return LongText.LEFT_TO_THE_ENGINE;
    }
  }

  /// Puts what each line of an OpenAI batch file asks, with the line's own options; the columns are
  /// those of [BatchInput].
  record OpenAiBatch() implements PromptSource {
    @Override
    public LongText longText() {
      return LongText.LEFT_TO_THE_ENGINE;
    }
  }

  /// The columns this prompt reads, each once.
  default List<String> columns() {
    return switch (this) {
      case Summarize(String column, _, _) -> List.of(column);
      case Template(String template, _, _, _) -> PromptTemplate.columns(template);
      case Messages(String column, String tools) ->
          tools == null ? List.of(column) : List.of(column, tools);
      case OpenAiBatch() -> List.of(BatchInput.REQUEST, BatchInput.USES_OF_ID);
    };
  }

  /// Refuses an input that lacks a column this prompt reads, or has it in a type that is no text.
  ///
  /// @throws IllegalArgumentException naming the column, the input's columns and the nearest name
  default void check(StructType input) {
    switch (this) {
      case Summarize _, Template _, OpenAiBatch _ ->
          columns().forEach(column -> InputColumns.find(input, column, "prompt"));
      case Messages(String column, String tools) -> {
        ConversationColumns.checkMessages(InputColumns.named(input, column, "messages"));
        if (tools != null) {
          ConversationColumns.checkTools(InputColumns.named(input, tools, "tools"));
        }
      }
    }
  }

  /// Whether rows have log-probabilities to tell.
  ///
  /// @param sampling what holds for rows that have no options of their own
  default boolean tellsLogProbabilities(SamplingParameters sampling) {
    return this instanceof OpenAiBatch || sampling.logprobs() != null;
  }

  /// Why a row cannot be asked about, or null if it can: every column the prompt reads must have
  /// text, but that of tools. What a batch's line lacks, its reading says.
  ///
  /// @param texts the row's texts, in the order of [#columns]
  default @Nullable RowError missing(List<@Nullable String> texts) {
    List<String> columns = columns();
    int needed =
        switch (this) {
          case Summarize _, Template _ -> columns.size();
          case Messages _ -> 1;
          case OpenAiBatch _ -> 0;
        };
    for (int i = 0; i < needed; i++) {
      String text = texts.get(i);
      if (text == null || text.isBlank()) {
        String detail =
            "column '%s' is %s".formatted(columns.get(i), text == null ? "null" : "empty");
        return new RowError(RowError.Reason.NO_TEXT, detail);
      }
    }
    return null;
  }

  /// What is asked about a row.
  ///
  /// @param texts the row's texts, in the order of [#columns], none [#missing]
  /// @param sampling how tokens are chosen where the row does not say
  /// @param format what form the answer must have where the row cannot say; null for any text
  /// @throws InvalidRequestException if the row asks for something that cannot be asked
  default ChatRequest request(
      List<@Nullable String> texts, SamplingParameters sampling, @Nullable AnswerFormat format)
      throws InvalidRequestException {
    return switch (this) {
      case Summarize(_, int maxWords, _) -> {
        String text = Objects.requireNonNull(texts.getFirst());
        ChatMessage user = ChatMessage.user(TaskPrompts.summarize(text, maxWords));
        yield new ChatRequest(List.of(user), sampling, format);
      }
      case Template(String template, String system, _, _) -> {
        List<String> columns = columns();
        ChatMessage user =
            ChatMessage.user(
                PromptTemplate.fill(
                    template,
                    column -> Objects.requireNonNull(texts.get(columns.indexOf(column)))));
        yield new ChatRequest(
            system == null ? List.of(user) : List.of(ChatMessage.system(system), user),
            sampling,
            format);
      }
      case Messages(_, String tools) ->
          new ChatRequest(
              Conversation.read(
                  Objects.requireNonNull(texts.getFirst()), tools == null ? null : texts.get(1)),
              sampling,
              format);
      case OpenAiBatch() -> BatchInput.request(texts, sampling);
    };
  }
}
