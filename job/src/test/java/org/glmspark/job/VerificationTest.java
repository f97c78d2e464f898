package org.glmspark.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.glmspark.job.report.LocalSpark;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Outputs of runs, as they are and after somebody changed them.
class VerificationTest {
  @TempDir Path folder;
  private SampleJob job;

  @BeforeEach
  void writeInput() throws IOException {
    job = SampleJob.in(folder).with("output.mode=resume");
  }

  private Verification.Outcome verify() throws IOException {
    SparkSession spark = LocalSpark.session();
    var out = new org.apache.hadoop.fs.Path(folder.resolve("out").toUri());
    return new Verification(
            spark, out.getFileSystem(spark.sparkContext().hadoopConfiguration()), out)
        .of(100, 0);
  }

  @Test
  void anOutputIsVerifiedFromItsLineage() throws IOException {
    job.run("sampling.max_tokens=20", "input.key=[]", "sampling.logprobs=2");
    assertThat(verify()).isEqualTo(new Verification.Outcome(6, Map.of(), List.of()));

    Path rows = folder.resolve("out/round=1");
    LocalSpark.session()
        .read()
        .parquet(rows.toString())
        .withColumn(
            "completion", functions.expr("if(id = 'doc-0002', 'something else', completion)"))
        .withColumn("body", functions.expr("if(id = 'doc-0003', 'another text', body)"))
        .coalesce(1)
        .write()
        .parquet(folder.resolve("forged").toString());
    Files.copy(rows.resolve("_round.json"), folder.resolve("forged/_round.json"));
    FileUtils.deleteDirectory(rows.toFile());
    Files.move(folder.resolve("forged"), rows);

    Verification.Outcome forged = verify();

    assertThat(forged.rows()).isEqualTo(5);
    assertThat(forged.differing().values())
        .singleElement()
        .asString()
        .startsWith("was {\"completion\":\"something else\"");
    assertThat(forged.changed()).hasSize(1);
  }

  @Test
  void rowsWhoseTextsHaveChangedAreVerifiedWithBothTheirTexts() throws IOException {
    job.run("sampling.max_tokens=20");
    Path input = folder.resolve("in.jsonl");
    Files.writeString(
        input,
        Files.readString(input)
            .replace(
                "\"id\": \"empty\", \"body\": \"\"",
                "\"id\": \"empty\", \"body\": \"A text now.\""));
    job.run("sampling.max_tokens=20");

    assertThat(verify()).isEqualTo(new Verification.Outcome(7, Map.of(), List.of()));
  }
}
