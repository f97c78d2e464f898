package org.glmspark.tests;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/// A Spark application that has never heard of this project: runs the statements of a file, one in
/// each paragraph, and prints their rows as JSON.
public final class SqlFile {
  private SqlFile() {}

  public static void main(String... arguments) throws Exception {
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      for (String statement : Files.readString(Path.of(arguments[0])).split("\n\n", -1)) {
        for (String row : spark.sql(statement).toJSON().collectAsList()) {
          System.out.write((row + "\n").getBytes(StandardCharsets.UTF_8));
        }
      }
    }
  }
}
