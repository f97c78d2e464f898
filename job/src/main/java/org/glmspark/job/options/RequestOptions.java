package org.glmspark.job.options;

import java.util.ArrayList;
import java.util.List;
import org.glmspark.grammar.AnswerFormat;
import org.glmspark.udfs.LongText;
import org.glmspark.udfs.PromptSource;
import org.jspecify.annotations.Nullable;

/// What the model is asked about each row: a task with its column, a template, or the messages that
/// a column has; none of them where the rows are requests themselves.
///
/// @param task a task with a prompt of its own, or null
/// @param column the column with the task's text, or null
/// @param maxWords the limit that a summary is asked to keep; 0 asks for none; null for 50
/// @param template the prompt, with `{column}` where a column's value goes, or null
/// @param system the system message beside a template, or null
/// @param messages the column with a conversation, or null
/// @param tools the column with the tools that the conversation offers, or null
/// @param responseFormat what form each answer must have, or null for any text
/// @param longText what becomes of a row whose text is too long, or null for the task's or
///   template's default
/// @param longColumn the column of a template whose text may be too long, or null for its only one
/// @param partTokens most tokens of a text that is asked about in one piece; 0 for as many as model
///   and cache take
public record RequestOptions(
    @Key(value = "a task with a prompt of its own", defaultValue = "null") @Nullable Task task,
    @Key(value = "the column with the task's text", defaultValue = "null") @Nullable String column,
    @Key(
            value = "words a summary is asked to keep to; 0 for no limit; by default 50",
            defaultValue = "null")
        @Nullable Integer maxWords,
    @Key(
            value = "instead of a task: a prompt, with {column} where a column's value goes",
            defaultValue = "null")
        @Nullable String template,
    @Key(value = "the system message, with a template", defaultValue = "null")
        @Nullable String system,
    @Key(
            value =
                "instead of a task: the column with a conversation, an array of structs of role,"
                    + " content, tool_calls, or JSON text with that",
            defaultValue = "null")
        @Nullable String messages,
    @Key(
            value =
                "beside messages: the column with the tools they offer, in structs or as the JSON"
                    + " text of OpenAI's tools",
            defaultValue = "null")
        @Nullable String tools,
    @Key(
            value =
                "what form an answer must have: \"text\", or an object whose type is json_object,"
                    + " json_schema with json_schema.schema, choice with choices, or regex with"
                    + " pattern",
            defaultValue = "null")
        @Nullable AnswerFormat responseFormat,
    @Key(
            name = "long",
            value =
                "what becomes of a row whose text is too long; by default map-reduce for summarize,"
                    + " error for a template",
            defaultValue = "null")
        LongText.@Nullable Handling longText,
    @Key(
            value = "the column that long and part-tokens are about, where a template has several",
            defaultValue = "null")
        @Nullable String longColumn,
    @Key(
            value =
                "tokens of a text that is asked about in one piece; 0 for what context and cache"
                    + " leave",
            defaultValue = "0")
        int partTokens) {

  private static final int DEFAULT_MAX_WORDS = 50;

  /// A task with a prompt of its own.
  public enum Task {
    SUMMARIZE
  }

  public RequestOptions {
    List<String> given = given(task, template, messages);
    if (given.size() > 1) {
      throw new IllegalArgumentException(
          "%s are given, expected one of them".formatted(String.join(" and ", given)));
    }
    if (task != null && column == null) {
      throw new IllegalArgumentException("column is missing, expected the column with the text");
    }
    if (template == null && system != null) {
      throw new IllegalArgumentException("system goes with a template, but there is none");
    }
    if (task == null && (column != null || maxWords != null)) {
      throw new IllegalArgumentException(
          "%s goes with a task, but there is none"
              .formatted(column != null ? "column" : "max-words"));
    }
    if (task != null && longColumn != null) {
      throw new IllegalArgumentException("long-column goes with a template, but there is a task");
    }
    if (task == null
        && template == null
        && (longText != null || longColumn != null || partTokens != 0)) {
      throw new IllegalArgumentException(
          "%s goes with a task or a template, but there is none"
              .formatted(
                  longText != null ? "long" : longColumn != null ? "long-column" : "part-tokens"));
    }
    if (messages == null && tools != null) {
      throw new IllegalArgumentException("tools goes with messages, but there are none");
    }
    if (tools != null && responseFormat != null) {
      throw new IllegalArgumentException(
          "response-format does not go with tools: an answer that is held to a form is no call");
    }
    if (template != null) {
      var _ = template(template, system, longText, longColumn, partTokens); // checks it
    } else {
      var _ = new LongText(LongText.Handling.MAP_REDUCE, partTokens); // checks the number
    }
    if (maxWords != null && maxWords < 0) {
      throw new IllegalArgumentException(
          "max-words is %d, expected 0 (no limit) or more".formatted(maxWords));
    }
  }

  private static List<String> given(
      @Nullable Task task, @Nullable String template, @Nullable String messages) {
    List<String> given = new ArrayList<>();
    if (task != null) {
      given.add("task");
    }
    if (template != null) {
      given.add("template");
    }
    if (messages != null) {
      given.add("messages");
    }
    return given;
  }

  /// Whether nothing says what to ask about a row.
  boolean isEmpty() {
    return given(task, template, messages).isEmpty();
  }

  /// The same as what makes prompts of rows.
  PromptSource prompt() {
    if (template != null) {
      return template(template, system, longText, longColumn, partTokens);
    }
    if (messages != null) {
      return new PromptSource.Messages(messages, tools);
    }
    if (task == null || column == null) {
      throw new IllegalStateException("neither template nor messages nor task");
    }
    return switch (task) {
      case SUMMARIZE ->
          new PromptSource.Summarize(
              column,
              maxWords == null ? DEFAULT_MAX_WORDS : maxWords,
              new LongText(longText == null ? LongText.Handling.MAP_REDUCE : longText, partTokens));
    };
  }

  private static PromptSource.Template template(
      String template,
      @Nullable String system,
      LongText.@Nullable Handling longText,
      @Nullable String longColumn,
      int partTokens) {
    LongText.Handling handling = longText == null ? LongText.Handling.ERROR : longText;
    return new PromptSource.Template(
        template, system, new LongText(handling, partTokens), longColumn);
  }
}
