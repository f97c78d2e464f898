package org.glmspark.udfs.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLocationTest {

  @Test
  void aPlainPathIsTheSameOnEachNode() {
    assertThat(ModelLocation.parse("/models/../glm"))
        .isEqualTo(new ModelLocation.OnEachNode("/glm"))
        .hasToString("/glm");
    assertThat(ModelLocation.parse("glm"))
        .isEqualTo(new ModelLocation.OnEachNode(Path.of("glm").toAbsolutePath().toString()));
    assertThat(ModelLocation.parse("/glm").paths())
        .containsExactly(new org.apache.hadoop.fs.Path("file:///glm"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///models/glm", "file:/glm", "s3a://bucket/a b", "hdfs://host/glm"})
  void aUriIsKeptAsItWasWritten(String uri) {
    assertThat(ModelLocation.parse(uri)).isEqualTo(new ModelLocation.Remote(uri)).hasToString(uri);
  }

  @Test
  void aGivenFileHasANameAlone() {
    assertThat(ModelLocation.parse("files:glm.glmpack"))
        .isEqualTo(new ModelLocation.Given("glm.glmpack"))
        .hasToString("files:glm.glmpack");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "' ' | is empty, expected a path, a URI or files:NAME",
        "hdfs:glm | is \"hdfs:glm\"",
        "files:a/b | is \"files:a/b\", expected files: and the plain name",
        "files: | is \"files:\", expected files: and the plain name",
      })
  void anythingElseIsRefused(String text, String sentence) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelLocation.parse(text))
        .withMessageStartingWith(sentence);
  }
}
