package org.glmspark.udfs;

import java.util.List;
import java.util.Locale;

/// The wording of every task, once: jobs and SQL functions ask the model in the same words.
///
/// The text comes first and the instruction after it, so that several tasks on one text share its
/// prefill. Some models, the sample model among them, were trained on exactly these words for
/// summaries, labels, fields and sentiment.
public final class TaskPrompts {
  /// What stands for a masked part of a text.
  public static final String MASK = "[MASKED]";

  private TaskPrompts() {}

  /// Asks for a summary.
  ///
  /// @param content the text to summarise
  /// @param maxWords the limit to ask for; 0 asks for none
  public static String summarize(String content, int maxWords) {
    String limit = maxWords == 0 ? "" : " in at most %d words".formatted(maxWords);
    return after(content, "Summarize the text above" + limit + ". Reply with the summary only.");
  }

  /// Asks which label fits.
  public static String classify(String content, List<String> labels) {
    return after(
        content,
        "Classify the text above as one of these labels: %s. Reply with the label only."
            .formatted(String.join(", ", labels)));
  }

  /// Asks which label fits, where there is more to say about the labels than their names.
  ///
  /// @param labels each with its description, if it has one: `refund: wants money back`
  /// @param instructions what else to heed; empty for nothing
  public static String classifyAsDescribed(
      String content, List<String> labels, String instructions) {
    return after(
        content,
        "Classify the text above as one of these labels:\n%s\n%sReply with the label only."
            .formatted(lines(labels), heeded(instructions)));
  }

  /// Asks whether one label of several applies.
  ///
  /// @param labels each with its description, if it has one
  /// @param instructions what else to heed; empty for nothing
  /// @param label the one that is meant
  public static String labelApplies(
      String content, List<String> labels, String instructions, String label) {
    return after(
        content,
        "These labels may apply to the text above, none, one or several of them:\n%s\n%sDoes the label '%s' apply? Reply with yes or no."
            .formatted(lines(labels), heeded(instructions), label));
  }

  private static String lines(List<String> labels) {
    return String.join("\n", labels.stream().map(label -> "- " + label).toList());
  }

  private static String heeded(String instructions) {
    return instructions.isEmpty() ? "" : instructions + "\n";
  }

  /// Asks for the values of fields, as a JSON object.
  public static String extract(String content, List<String> fields) {
    return after(
        content,
        ("Extract these fields from the text above: %s. Reply with a JSON object that has exactly "
                + "these keys; use null where the text does not say.")
            .formatted(String.join(", ", fields)));
  }

  /// Asks for the values of fields that a schema describes, as a JSON object.
  ///
  /// @param schema for the model to read
  /// @param instructions what else to heed; empty for nothing
  public static String extractBySchema(String content, String schema, String instructions) {
    return after(
        content,
        ("Extract from the text above what this JSON schema describes:\n%s\n%sReply with a JSON "
                + "object of this schema only; use null where the text does not say.")
            .formatted(schema, heeded(instructions)));
  }

  /// Asks for `positive`, `negative`, `neutral` or `mixed`.
  public static String sentiment(String content) {
    return after(
        content,
        "Classify the sentiment of the text above as positive, negative, neutral or mixed. "
            + "Reply with one word.");
  }

  /// Asks for the text without mistakes.
  public static String fixGrammar(String content) {
    return after(
        content,
        "Correct the spelling and grammar of the text above; keep its language and its meaning. "
            + "Reply with the corrected text only.");
  }

  /// Asks for the text in another language.
  ///
  /// @param language a name, such as `French`, or a tag of BCP 47, such as `fr` or `pt-BR`
  public static String translate(String content, String language) {
    return after(
        content,
        "Translate the text above into %s. Reply with the translation only."
            .formatted(languageName(language.strip())));
  }

  /// Models know names of languages better than tags.
  private static String languageName(String language) {
    Locale locale = Locale.forLanguageTag(language.replace('_', '-'));
    String name = locale.getDisplayName(Locale.ENGLISH);
    return name.isEmpty() || name.equalsIgnoreCase(language) ? language : name;
  }

  /// Asks for the text with some parts masked.
  ///
  /// @param kinds of what is to be masked, such as `email address`
  public static String mask(String content, List<String> kinds) {
    return after(
        content,
        ("Replace each part of the text above that is one of these by %s: %s. Change nothing else. "
                + "Reply with the masked text only.")
            .formatted(MASK, String.join(", ", kinds)));
  }

  private static String after(String content, String instruction) {
    return content + "\n\n" + instruction;
  }
}
