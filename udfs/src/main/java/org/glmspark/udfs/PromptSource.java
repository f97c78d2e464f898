package org.glmspark.udfs;

import java.io.Serializable;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/// What makes a row into a conversation for the model.
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
  /// @param template the user's message; `{column}` stands for a column's value, `{{` and `}}` for braces
  /// @param system the system message, taken as it stands, or null for none
  record Template(String template, @Nullable String system) implements PromptSource {}

  /// Refuses an input that lacks a column this prompt reads, or has it in a type that is no text.
  ///
  /// @throws IllegalArgumentException naming the column, the input's columns and the nearest name
  default void check(StructType input) {
    throw new UnsupportedOperationException(input.simpleString());
  }
}
