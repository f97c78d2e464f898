package org.glmspark.udfs;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;

/// The SQL functions for datasets, with the arguments that programs mostly need; `functions.expr`
/// takes all the others.
///
/// ```java
/// documents.withColumn("summary", GlmFunctions.aiSummarize(col("body")));
/// ```
///
/// Sessions need [GlmSparkExtensions]; arguments are checked when the dataset is made.
public final class GlmFunctions {
  private GlmFunctions() {}

  /// The model's answer to a prompt.
  public static Column aiGen(Column prompt) {
    return functions.call_function("ai_gen", prompt);
  }

  /// The answer of the model of a name; a row that fails makes the query fail.
  public static Column aiQuery(String endpoint, Column request) {
    return functions.call_function("ai_query", functions.lit(endpoint), request);
  }

  /// The answer of the model of a name, or the error instead of it, in a struct of `result` and
  /// `errorMessage`.
  public static Column aiQueryOrError(String endpoint, Column request) {
    return functions.call_function(
        "ai_query", functions.lit(endpoint), request, functions.lit(null), functions.lit(false));
  }

  /// A summary of about 50 words at most.
  public static Column aiSummarize(Column content) {
    return functions.call_function("ai_summarize", content);
  }

  /// A summary.
  ///
  /// @param maxWords to ask for; 0 for no limit
  public static Column aiSummarize(Column content, int maxWords) {
    return functions.call_function("ai_summarize", content, functions.lit(maxWords));
  }

  /// The label that fits best.
  ///
  /// @param labels 2 to 20
  public static Column aiClassify(Column content, String... labels) {
    return functions.call_function("ai_classify", content, texts(labels));
  }

  /// A struct with the text's values of some fields, each a STRING or null.
  public static Column aiExtract(Column content, String... labels) {
    return functions.call_function("ai_extract", content, texts(labels));
  }

  /// What a text says of a schema, as a VARIANT of `response` and `error_message`.
  ///
  /// @param schema JSON: an array of names, or an object of types by name
  public static Column aiExtractBySchema(Column content, String schema) {
    return functions.call_function("ai_extract", content, functions.lit(schema));
  }

  /// `positive`, `negative`, `neutral` or `mixed`.
  public static Column aiAnalyzeSentiment(Column content) {
    return functions.call_function("ai_analyze_sentiment", content);
  }

  /// The text without mistakes.
  public static Column aiFixGrammar(Column content) {
    return functions.call_function("ai_fix_grammar", content);
  }

  /// The text in another language.
  ///
  /// @param language its name or its tag: `French`, `fr`
  public static Column aiTranslate(Column content, String language) {
    return functions.call_function("ai_translate", content, functions.lit(language));
  }

  /// The text with `[MASKED]` for the parts that are of some kinds.
  public static Column aiMask(Column content, String... labels) {
    return functions.call_function("ai_mask", content, texts(labels));
  }

  /// How alike two texts are; 1 for equal ones.
  public static Column aiSimilarity(Column a, Column b) {
    return functions.call_function("ai_similarity", a, b);
  }

  /// The number of a text's tokens.
  public static Column aiCountTokens(Column content) {
    return functions.call_function("ai_count_tokens", content);
  }

  private static Column texts(String... texts) {
    Column[] columns = new Column[texts.length];
    for (int i = 0; i < texts.length; i++) {
      columns[i] = functions.lit(texts[i]);
    }
    return functions.array(columns);
  }
}
