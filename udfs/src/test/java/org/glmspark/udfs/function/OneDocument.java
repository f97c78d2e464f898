package org.glmspark.udfs.function;

import org.apache.spark.sql.SparkSession;
import org.glmspark.udfs.LocalSpark;

/// What the functions of these tests are called with: `doc`, a view of one row with the text
/// `body`, the NULL `nothing` and the `number` 3.
final class OneDocument {
  private OneDocument() {}

  /// The session that has the view.
  static SparkSession session() {
    SparkSession session = LocalSpark.session();
    session
        .sql(
            """
            SELECT 'I bought the blender in Tengorville for 126 dollars. I can say that it feels sturdy. \
            And it is easy to use.' AS body, CAST(NULL AS STRING) AS nothing, 3 AS number\
            """)
        .createOrReplaceTempView("doc");
    return session;
  }
}
