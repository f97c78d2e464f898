package org.glmspark.udfs;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.glmspark.generation.RowError;
import org.glmspark.prompt.ChatMessage;
import org.jspecify.annotations.Nullable;

/// What makes a row into a conversation for the model.
///
/// The columns it reads are turned into text by Spark's `cast(... as string)`, so dates and times
/// read as they do in SQL, in the session's time zone.
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
    };
  }

  /// The columns this prompt reads, each once.
  default List<String> columns() {
    return switch (this) {
      case Summarize(String column, _, _) -> List.of(column);
      case Template(String template, _, _, _) -> PromptTemplate.columns(template);
    };
  }

  /// Refuses an input that lacks a column this prompt reads, or has it in a type that is no text.
  ///
  /// @throws IllegalArgumentException naming the column, the input's columns and the nearest name
  default void check(StructType input) {
    columns().forEach(column -> InputColumns.find(input, column, "prompt"));
  }

  /// Why a row cannot be asked about, or null if it can: every column the prompt reads must have
  /// text.
  ///
  /// @param texts the row's texts, in the order of [#columns]
  default @Nullable RowError missing(List<@Nullable String> texts) {
    List<String> columns = columns();
    for (int i = 0; i < columns.size(); i++) {
      String text = texts.get(i);
      if (text == null || text.isBlank()) {
        String detail =
            "column '%s' is %s".formatted(columns.get(i), text == null ? "null" : "empty");
        return new RowError(RowError.Reason.NO_TEXT, detail);
      }
    }
    return null;
  }

  /// The conversation for a row.
  ///
  /// @param texts the row's texts, in the order of [#columns], none [#missing]
  default List<ChatMessage> messages(List<String> texts) {
    return switch (this) {
      case Summarize(_, int maxWords, _) ->
          List.of(ChatMessage.user(TaskPrompts.summarize(texts.getFirst(), maxWords)));
      case Template(String template, String system, _, _) -> {
        List<String> columns = columns();
        ChatMessage user =
            ChatMessage.user(
                PromptTemplate.fill(template, column -> texts.get(columns.indexOf(column))));
        yield system == null ? List.of(user) : List.of(ChatMessage.system(system), user);
      }
    };
  }
}
