package org.glmspark.job;

import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.sql.catalyst.util.StringUtils;
import scala.jdk.javaapi.CollectionConverters;

/// The statements of a text, divided where Spark's own SQL shell divides them: at semicolons that
/// stand in no quotes, no comment and no `BEGIN ... END`.
final class SqlStatements {
  /// How a `BEGIN ... END` starts, which may have a label.
  private static final Pattern BLOCK =
      Pattern.compile("\\s*(\\w+\\s*:\\s*)?BEGIN\\b.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private SqlStatements() {}

  /// The statements, without their semicolons and without what is blank or a comment only.
  static List<String> of(String text) {
    return CollectionConverters.asJava(StringUtils.splitSemiColonWithIndex(text, true)).stream()
        .map(String::strip)
        .filter(statement -> !statement.isEmpty())
        .toList();
  }

  /// Whether no further line belongs to the last statement: it ended, or there is none.
  static boolean isComplete(String text) {
    if (BLOCK.matcher(text).matches()) {
      return of(text).getLast().endsWith(";"); // of a whole block alone the semicolon is left
    }
    // what follows inside of quotes or comments, or without a semicolon, is none of its own
    return of(text + "\nSELECT 1").size() == of(text).size() + 1;
  }
}
