package org.glmspark.job;

import java.util.List;
import org.apache.spark.sql.catalyst.util.StringUtils;
import scala.jdk.javaapi.CollectionConverters;

/// The statements of a text, divided where Spark's own SQL shell divides them: at semicolons that
/// stand in no quotes, no comment and no `BEGIN ... END`.
final class SqlStatements {
  private SqlStatements() {}

  /// The statements, without their semicolons and without what is blank or a comment only.
  static List<String> of(String text) {
    return CollectionConverters.asJava(StringUtils.splitSemiColonWithIndex(text, true)).stream()
        .map(String::strip)
        .filter(statement -> !statement.isEmpty())
        .toList();
  }

  /// Whether the last statement of a text ends with a semicolon, so that no further line belongs to
  /// it.
  static boolean isComplete(String text) {
    // what follows a semicolon inside of quotes or comments is no statement of its own
    return text.stripTrailing().endsWith(";")
        && of(text + "\nSELECT 1").size() == of(text).size() + 1;
  }
}
