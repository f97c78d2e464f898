package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// GGUF files as the format says, and what is expected of their values.
class GgufFileTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void givesViewsOfTheFileWithRowsFirst(int version) {
    SampleGguf.ofEveryType().version(version).write(folder.resolve("m.gguf"));
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(folder.resolve("m.gguf"), arena);

      assertThat(file.version()).isEqualTo(version);
      assertThat(file.name()).isEqualTo("m.gguf");
      assertThat(file.tensors().keySet()).containsExactly("norm.weight", "m.weight", "row", "q");
      assertThat(tensor(file, "norm.weight").shape()).containsExactly(3L);
      assertThat(tensor(file, "norm.weight").file()).isEqualTo("m.gguf");
      assertThat(tensor(file, "m.weight").shape()).containsExactly(2L, 3L);
      assertThat(tensor(file, "m.weight").floats()).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(tensor(file, "row").shape()).containsExactly(1L, 2L);
      assertThat(tensor(file, "row").floats()).containsExactly(7, 8);
      assertThat(tensor(file, "q").dtype()).isEqualTo(DType.Q8_0);
      assertThat(tensor(file, "q").floats()).hasSize(32).startsWith(0, 0.5f).endsWith(15.5f);
      assertThat(tensor(file, "q").data().address() % 32).isZero();
    }
  }

  private static Tensor tensor(GgufFile file, String name) {
    Tensor tensor = file.tensors().get(name);
    assertThat(tensor).as(name).isNotNull();
    return tensor;
  }

  @Test
  void aLargerAlignmentMovesTheData() {
    byte[] bytes =
        new GgufBytes()
            .uint32("general.alignment", 512)
            .alignment(512)
            .tensor("a", new float[] {1}, 1)
            .tensor("b", new float[] {2}, 1)
            .bytes();

    GgufFile file = SampleGguf.parse(bytes);

    assertThat(tensor(file, "b").floats()).containsExactly(2);
    assertThat(tensor(file, "b").data().address() - tensor(file, "a").data().address())
        .isEqualTo(512);
  }

  @Test
  void readsMetadataOfEveryType() {
    GgufMetadata metadata = SampleGguf.parse(SampleGguf.ofEveryType().bytes()).metadata();

    assertThat(metadata.has("a.uint8")).isTrue();
    assertThat(metadata.has("a.uint9")).isFalse();
    assertThat(metadata.text("general.architecture")).isEqualTo("glm4");
    assertThat(metadata.integer("a.uint8", 0, 255)).isEqualTo(200);
    assertThat(metadata.integer("a.int8", -3, 0)).isEqualTo(-3);
    assertThat(metadata.integer("a.uint16", 0, 65_535)).isEqualTo(65_535);
    assertThat(metadata.integer("a.int16", -2, 0)).isEqualTo(-2);
    assertThat(metadata.integer("a.int32", -7, 0)).isEqualTo(-7);
    assertThat(metadata.positiveNumber("a.uint32")).isEqualTo(4e9);
    assertThat(metadata.positiveNumber("a.int64")).isEqualTo(0x1p40);
    assertThat(metadata.positiveNumber("a.float32")).isEqualTo(1.5625e-7f);
    assertThat(metadata.positiveNumber("a.float64")).isEqualTo(0.1);
    assertThat(metadata.flag("a.bool")).isTrue();
    assertThat(metadata.texts("tokens")).containsExactly("Ġ你", "", "b", "z");
    assertThat(metadata.integers("types", -2, 3)).containsExactly(1, -2, 3);
    assertThat(metadata.numbers("scores")).containsExactly(-0.5f, 2);
    assertThat(metadata.integers("none", 0, 0)).isEmpty();
    assertThat(metadata.excerpts().keySet()).startsWith("general.architecture", "a.uint8");
    assertThat(metadata.excerpts())
        .containsEntry("general.architecture", "\"glm4\"")
        .containsEntry("a.uint64", "18446744073709551615")
        .containsEntry("a.float32", "1.5625E-7")
        .containsEntry("tokens", "4 strings: \"Ġ你\", \"\", \"b\", …")
        .containsEntry("flags", "2 booleans: false, true")
        .containsEntry("none", "no uint32 numbers");
  }

  @Test
  void saysWhichValueIsNotAsExpected() {
    GgufMetadata metadata =
        SampleGguf.parse(
                SampleGguf.ofEveryType()
                    .float32s("nan", 1, Float.NaN)
                    .text("esc", "\n\u001b[2J")
                    .bytes())
            .metadata();

    assertRefused(() -> metadata.text("b"), "m.gguf: key 'b': is missing");
    assertRefused(
        () -> metadata.text("a.uint8"), "m.gguf: key 'a.uint8': is 200, expected a string");
    assertRefused(
        () -> metadata.integer("a.uint64", -1, 9),
        "key 'a.uint64': is 18446744073709551615, expected a whole number from -1 to 9");
    assertRefused(
        () -> metadata.integer("a.float32", 0, 9), "is 1.5625E-7, expected a whole number from");
    assertRefused(
        () -> metadata.integer("types", 0, 9), "is 3 int32 numbers: 1, -2, 3, expected a whole");
    assertRefused(() -> metadata.positiveNumber("a.int8"), "is -3, expected a number above 0");
    assertRefused(() -> metadata.positiveNumber("a.bool"), "is true, expected a number above 0");
    assertRefused(() -> metadata.flag("esc"), "key 'esc': is \"\\u000a\\u001b[2J\", expected true");
    assertRefused(() -> metadata.flag("a.uint8"), "is 200, expected true or false");
    assertRefused(() -> metadata.texts("types"), "expected an array of strings");
    assertRefused(() -> metadata.integers("scores", 0, 9), "expected an array of whole numbers");
    assertRefused(
        () -> metadata.integers("types", 0, 9),
        "key 'types': element 1 is -2, expected a whole number from 0 to 9");
    assertRefused(() -> metadata.numbers("types"), "expected an array of floating-point numbers");
    assertRefused(() -> metadata.numbers("nan"), "element 1 is NaN, expected a finite float32");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "glm-4-32b-0414-Q4_K_M.gguf",
        "glm-4-9b-chat-IQ4_NL.gguf",
        "glm-4-9b-chat-IQ4_XS.gguf",
        "glm-4-9b-chat-Q2_K.gguf",
        "glm-4-9b-chat-Q4_0.gguf",
        "glm-4-9b-chat-Q4_1.gguf",
        "glm-4-9b-chat-Q5_0.gguf",
        "glm-4-9b-chat-Q5_1.gguf",
        "glm-4-9b-chat-Q8_0.gguf"
      })
  void decodesEveryTensorToTheBitsOfTheReference(String name) throws IOException {
    JsonNode checksums =
        new ObjectMapper().readTree(GOLDEN.resolve("decoded.json").toFile()).at("/files").get(name);
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(GOLDEN.resolve(name), arena);

      assertThat(file.tensors()).hasSize(checksums.size());
      file.tensors()
          .forEach((tensor, values) ->
              assertThat(checksum(values.floats()))
                  .as("%s %s", tensor, values.dtype())
                  .isEqualTo(checksums.get(tensor).textValue()));
    }
  }

  private static String checksum(float[] floats) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * floats.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(floats);
    var checksum = new CRC32();
    checksum.update(bytes);
    return "%08x".formatted(checksum.getValue());
  }

  private static void assertRefused(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }
}
