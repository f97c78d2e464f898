package org.glmspark.udfs;

/// The wording of every task, once: jobs and SQL functions ask the model in the same words.
///
/// The text comes first and the instruction after it, so that several tasks on one text share its
/// prefill. Some models, the sample model among them, were trained on exactly these words.
public final class TaskPrompts {
  private TaskPrompts() {}

  /// Asks for a summary.
  ///
  /// @param content the text to summarise
  /// @param maxWords the limit to ask for; 0 asks for none
  public static String summarize(String content, int maxWords) {
    String limit = maxWords == 0 ? "" : " in at most %d words".formatted(maxWords);
    return content + "\n\nSummarize the text above" + limit + ". Reply with the summary only.";
  }
}
