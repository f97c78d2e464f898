package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointFolderTest {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String SOUND_INDEX =
      """
      {"metadata": {"total_size": 12}, "weight_map": {"one": "x-1.safetensors", \
      "two": "x-2.safetensors", "three": "x-2.safetensors"}}\
      """;

  @TempDir Path folder;

  @BeforeEach
  void writeShards() throws IOException {
    Files.writeString(folder.resolve(INDEX), SOUND_INDEX);
    Files.write(
        folder.resolve("x-1.safetensors"),
        Safetensors.bytes(
            "{\"one\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]));
    Files.write(
        folder.resolve("x-2.safetensors"),
        Safetensors.bytes(
            "{\"two\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"three\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            new byte[8]));
  }

  @Test
  void joinsTheShardsOfAnIndex() {
    try (Arena arena = Arena.ofConfined()) {
      CheckpointFolder files = CheckpointFolder.open(folder, arena);

      assertThat(files.directory()).isEqualTo(INDEX);
      assertThat(files.files())
          .extracting(MappedFile::name)
          .containsExactly("x-1.safetensors", "x-2.safetensors");
      assertThat(files.tensors()).containsOnlyKeys("one", "two", "three");
      assertThat(files.tensors().get("three").file()).isEqualTo("x-2.safetensors");
    }
    assertThat(CheckpointFolder.fileNames(folder))
        .containsExactly(INDEX, "x-1.safetensors", "x-2.safetensors");
  }

  @Test
  void prefersTheSingleFile() throws IOException {
    Files.copy(folder.resolve("x-1.safetensors"), folder.resolve("model.safetensors"));

    try (Arena arena = Arena.ofConfined()) {
      CheckpointFolder files = CheckpointFolder.open(folder, arena);

      assertThat(files.directory()).isEqualTo("model.safetensors");
      assertThat(files.tensors()).containsOnlyKeys("one");
    }
    assertThat(CheckpointFolder.fileNames(folder)).containsExactly("model.safetensors");
  }

  @Test
  void readsPickledShardsOnlyWhereThereAreNoSafetensors() throws IOException {
    Path golden = Path.of("src/test/resources/golden/chatglm2-6b");
    for (String name : CheckpointFolder.fileNames(golden)) {
      Files.copy(golden.resolve(name), folder.resolve(name));
    }
    assertThat(CheckpointFolder.fileNames(folder)).contains(INDEX);

    Files.delete(folder.resolve(INDEX));

    assertThat(CheckpointFolder.fileNames(folder))
        .containsExactly(
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model-00002-of-00002.bin",
            "pytorch_model.bin.index.json");
    try (Arena arena = Arena.ofConfined()) {
      assertThat(CheckpointFolder.open(folder, arena).tensors()).hasSize(25);
    }
    Path index = folder.resolve("pytorch_model.bin.index.json");
    Files.writeString(index, Files.readString(index).replace("00002.bin", "00002.safetensors"));
    assertRefused("', expected the plain name of a .bin file in the same folder");
  }

  @ParameterizedTest
  @CsvSource({
    "../x-1.safetensors",
    "/etc/x-1.safetensors",
    "sub/x-1.safetensors",
    "'sub\\\\x-1.safetensors'",
    "..",
    "''",
    "config.json",
    "'x\\u0000.safetensors'"
  })
  void refusesShardsOutsideTheFolder(String shard) throws IOException {
    replaceInIndex("x-1.safetensors", shard);

    assertRefused(INDEX + ": tensor 'one': lies in '");
    assertRefused("', expected the plain name of a .safetensors file in the same folder");
  }

  @Test
  void refusesMissingShards() throws IOException {
    Files.delete(folder.resolve("x-2.safetensors"));

    assertRefused(
        "x-2.safetensors: tensor 'two': there is no such file in %s, but %s expects the tensor in it"
            .formatted(folder, INDEX));
  }

  @Test
  void refusesTruncatedShards() throws IOException {
    byte[] whole = Files.readAllBytes(folder.resolve("x-2.safetensors"));
    Files.write(folder.resolve("x-2.safetensors"), Arrays.copyOf(whole, whole.length - 1));

    assertRefused(
        "x-2.safetensors: tensor 'three': data_offsets is [4, 8], but the file has 7 bytes of"
            + " data");
  }

  @Test
  void refusesTensorsThatLieElsewhereThanTheIndexSays() throws IOException {
    replaceInIndex("\"one\": \"x-1", "\"one\": \"x-2");
    assertRefused("x-2.safetensors: tensor 'one': is missing, but " + INDEX + " expects it here");

    Files.writeString(
        folder.resolve(INDEX), SOUND_INDEX.replace("\"two\": \"x-2", "\"two\": \"x-1"));
    assertRefused(
        "x-2.safetensors: tensor 'two': is in this file, but " + INDEX + " expects it in x-1");

    Files.writeString(folder.resolve(INDEX), SOUND_INDEX.replace("\"two\"", "\"four\""));
    assertRefused("tensor 'two': is in this file, but " + INDEX + " expects it in none");
  }

  @Test
  void refusesAnIndexThatIsNone() throws IOException {
    replaceInIndex("weight_map", "map");
    assertRefused(INDEX + ": key 'weight_map': is missing");

    Files.writeString(folder.resolve(INDEX), "{\"weight_map\": {}}");
    assertRefused(INDEX + ": key 'weight_map': is empty");

    Files.writeString(folder.resolve(INDEX), "{\"weight_map\": {\"one\": 1}}");
    assertRefused(INDEX + ": key 'weight_map.one': is 1, expected a string");

    Files.writeString(folder.resolve(INDEX), SOUND_INDEX.replace("three", "one"));
    assertRefused("Duplicate");

    Files.writeString(folder.resolve(INDEX), "[".repeat(10_000));
    assertRefused(INDEX + ": JSON: Document nesting depth (65)");

    Files.delete(folder.resolve(INDEX));
    assertRefused("there is neither a model.safetensors nor a " + INDEX);
  }

  private void replaceInIndex(String old, String replacement) throws IOException {
    Files.writeString(folder.resolve(INDEX), SOUND_INDEX.replace(old, replacement));
  }

  private void assertRefused(String message) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> CheckpointFolder.open(folder, arena))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageContaining(message);
    }
  }
}
