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
  record Summarize(String column, int maxWords) implements PromptSource {
    public Summarize {
      if (maxWords < 0) {
        throw new IllegalArgumentException(
            "max_words is %d, expected 0 (no limit) or more".formatted(maxWords));
      }
    }
  }

  /// Puts columns into a text.
  ///
  /// @param template the user's message; `{column}` stands for a column's value, `{{` and `}}` for
  ///   braces
  /// @param system the system message, taken as it stands, or null for none
  record Template(String template, @Nullable String system) implements PromptSource {
    public Template {
      if (PromptTemplate.columns(template).isEmpty()) {
        throw new IllegalArgumentException(
            "prompt template names no column, so all rows would ask the same; "
                + "write {column} where a row's text goes: "
                + template);
      }
    }
  }

  /// The columns this prompt reads, each once.
  default List<String> columns() {
    return switch (this) {
      case Summarize(String column, _) -> List.of(column);
      case Template(String template, _) -> PromptTemplate.columns(template);
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
      case Summarize(_, int maxWords) ->
          List.of(ChatMessage.user(TaskPrompts.summarize(texts.getFirst(), maxWords)));
      case Template(String template, String system) -> {
        List<String> columns = columns();
        ChatMessage user =
            ChatMessage.user(
                PromptTemplate.fill(template, column -> texts.get(columns.indexOf(column))));
        yield system == null ? List.of(user) : List.of(ChatMessage.system(system), user);
      }
    };
  }
}
