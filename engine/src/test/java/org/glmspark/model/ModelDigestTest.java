package org.glmspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.glmspark.format.MalformedModelException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelDigestTest {
  private static final String SHARD_1 = "model-00001-of-00002.safetensors";
  private static final String SHARD_2 = "model-00002-of-00002.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    ModelFolders.copy(ModelFolders.CHAT_HF, folder);
    Files.writeString(folder.resolve("tokenizer.model"), "ranks");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
  }

  @Test
  void followsTheDocumentedRecipe() throws IOException, NoSuchAlgorithmException {
    var lines = new StringBuilder();
    for (String name :
        new String[] {
          "config.json", SHARD_1, SHARD_2, INDEX, "tokenizer.model", "tokenizer_config.json"
        }) {
      byte[] content = Files.readAllBytes(folder.resolve(name));
      lines.append("%s  %d  %s\n".formatted(sha256(content), content.length, name));
    }

    assertThat(ModelDigest.of(folder))
        .isEqualTo(sha256(lines.toString().getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void isTheSameWhereverTheFilesLieAndWhateverLiesBesideThem(@TempDir Path other)
      throws IOException {
    String digest = ModelDigest.of(folder);
    ModelFolders.copy(ModelFolders.CHAT_HF, other);
    Files.copy(folder.resolve("tokenizer.model"), other.resolve("tokenizer.model"));
    Files.copy(folder.resolve("tokenizer_config.json"), other.resolve("tokenizer_config.json"));
    Files.writeString(other.resolve("README.md"), "another model card");
    Files.delete(other.resolve("expected.json"));
    Files.setLastModifiedTime(other.resolve("config.json"), FileTime.fromMillis(0));

    assertThat(ModelDigest.of(other)).isEqualTo(digest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        SHARD_1,
        SHARD_2,
        INDEX,
        "tokenizer.model",
        "tokenizer_config.json"
      })
  void changesWithEveryFileThatIsRead(String name) throws IOException {
    String digest = ModelDigest.of(folder);
    Path file = folder.resolve(name);
    Files.writeString(file, "\n", StandardOpenOption.APPEND); // the index must stay readable

    assertThat(ModelDigest.of(folder)).isNotEqualTo(digest);
  }

  @Test
  void doesNotReadTheConfigOfATokenizerThatIsNotThere() throws IOException {
    Files.delete(folder.resolve("tokenizer.model"));
    String digest = ModelDigest.of(folder);
    Files.delete(folder.resolve("tokenizer_config.json"));

    assertThat(ModelDigest.of(folder)).isEqualTo(digest);
  }

  @Test
  void namesTheFileThatIsMissing() throws IOException {
    Files.delete(folder.resolve(SHARD_2));

    assertThatThrownBy(() -> ModelDigest.of(folder))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith(SHARD_2 + ": in " + folder);
  }

  private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
