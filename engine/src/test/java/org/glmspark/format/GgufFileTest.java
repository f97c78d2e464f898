package org.glmspark.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.format.GgufBytes.concat;
import static org.glmspark.format.GgufBytes.int32;
import static org.glmspark.format.GgufBytes.int64;
import static org.glmspark.format.GgufBytes.string;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");
  private static final int F32 = 0;
  private static final int Q8_0 = 8;

  @TempDir Path folder;

  /// A file with every type of value, and tensors of one, two and four dimensions.
  private static GgufBytes sound() {
    return new GgufBytes()
        .text("general.architecture", "glm4")
        .uint8("a.uint8", 200)
        .key("a.int8", 1, new byte[] {-3})
        .key("a.uint16", 2, new byte[] {(byte) 0xff, (byte) 0xff})
        .key("a.int16", 3, new byte[] {(byte) 0xfe, (byte) 0xff})
        .uint32("a.uint32", 4_000_000_000L)
        .key("a.int32", 5, int32(-7))
        .float32("a.float32", 1.5625e-7f)
        .flag("a.bool", 1)
        .key("a.uint64", 10, int64(-1))
        .key("a.int64", 11, int64(1L << 40))
        .key("a.float64", 12, int64(Double.doubleToRawLongBits(0.1)))
        .texts("tokens", "Ġ你", "", "b", "z")
        .int32s("types", 1, -2, 3)
        .float32s("scores", -0.5f, 2)
        .array("flags", 7, 2, new byte[] {0, 1})
        .array("none", 4, 0, new byte[0])
        .tensor("norm.weight", new float[] {1, 2, 3}, 3)
        .tensor("m.weight", new float[] {1, 2, 3, 4, 5, 6}, 3, 2)
        .tensor("row", new float[] {7, 8}, 2, 1, 1, 1)
        .tensor("q", Q8_0, q8Row(), 32, 1);
  }

  /// One block, 0.5 times 0 to 31.
  private static byte[] q8Row() {
    byte[] block = new byte[34];
    block[1] = 0x38; // float16 0.5
    for (int i = 0; i < 32; i++) {
      block[2 + i] = (byte) i;
    }
    return block;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void givesViewsOfTheFileWithRowsFirst(int version) {
    sound().version(version).write(folder.resolve("m.gguf"));
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

    GgufFile file = parse(bytes);

    assertThat(tensor(file, "b").floats()).containsExactly(2);
    assertThat(tensor(file, "b").data().address() - tensor(file, "a").data().address())
        .isEqualTo(512);
  }

  @Test
  void readsMetadataOfEveryType() {
    GgufMetadata metadata = parse(sound().bytes()).metadata();

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
        parse(sound().float32s("nan", 1, Float.NaN).text("esc", "\n\u001b[2J").bytes()).metadata();

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

  static Stream<Arguments> brokenFiles() {
    byte[] name = string("t");
    String longName = "n".repeat(128);
    return Stream.of(
        // header
        broken(new GgufBytes().version(0), "header: is of version 0, expected 2 or 3"),
        broken(new GgufBytes().version(1), "header: is of version 1, expected 2 or 3"),
        broken(new GgufBytes().version(99), "header: is of version 99, expected 2 or 3"),
        broken(
            new GgufBytes().version(3 << 24),
            "header: the file is big-endian, expected a little-endian one"),
        broken(
            new GgufBytes().tensorCount(2).tensor("t", new float[1], 1),
            "header: says 2 tensors of 33 bytes or more, but only 52 bytes are left in the file"),
        broken(new GgufBytes().tensorCount(-1), "says 18446744073709551615 tensors of 33 bytes"),
        broken(new GgufBytes().keyCount(1L << 62), "says 4611686018427387904 keys of 14 bytes"),
        broken(
            new GgufBytes().tensorCount(100_001).data(4_000_000),
            "has 100001 tensors, expected at most 100000"),
        broken(
            new GgufBytes().keyCount(10_001).data(1_000_000),
            "has 10001 keys, expected at most 10000"),
        // keys and values
        broken(
            new GgufBytes().keyBytes(string(1000, (byte) 'k'), 0, new byte[32]),
            "key 1 of 1: the name is said to have 1000 bytes, but only 64 are left in the file"),
        broken(
            new GgufBytes().keyBytes(string(-1), 0, new byte[32]),
            "the name is said to have 18446744073709551615 bytes"),
        broken(
            new GgufBytes().uint8("k".repeat(65_536), 0),
            "key 1 of 1: the name has 65536 bytes, expected at most 65535"),
        broken(
            new GgufBytes().uint8("", 0).uint8("b", 0),
            "key 1 of 2: the name is empty or holds control characters"),
        broken(new GgufBytes().uint8("a\nb", 0), "the name is empty or holds control characters"),
        broken(
            new GgufBytes().keyBytes(string(2, (byte) 0xc3, (byte) '('), 0, new byte[1]),
            "key 1 of 1: the name is not UTF-8"),
        broken(
            new GgufBytes().uint8("k", 1).uint8("k", 1),
            "key 'k': stands in the file twice, expected once"),
        broken(
            new GgufBytes().key("k", 13, new byte[8]),
            "key 'k': has a value of type 13, expected a type from 0 to 12"),
        broken(new GgufBytes().key("k", -1, new byte[8]), "has a value of type 4294967295"),
        broken(new GgufBytes().flag("k", 2), "key 'k': holds the boolean 2, expected 0 or 1"),
        broken(
            new GgufBytes().array("k", 7, 2, new byte[] {1, -1}),
            "key 'k': holds the boolean 255, expected 0 or 1"),
        broken(
            new GgufBytes().key("k", 8, string(-1)),
            "key 'k': the value is said to have 18446744073709551615 bytes, but only 19 are left"),
        broken(
            new GgufBytes().key("k", 8, string(1, (byte) 0xff)), "key 'k': the value is not UTF-8"),
        broken(
            new GgufBytes().text("k", "v".repeat(1 << 24) + "v"),
            "key 'k': the value has 16777217 bytes, expected at most 16777216"),
        broken(
            new GgufBytes().array("k", 9, 1, concat(int32(0), int64(1), new byte[1])),
            "key 'k': is an array of arrays, expected one of numbers or strings"),
        broken(
            new GgufBytes().array("k", 10, 1L << 61, new byte[8]),
            "says 2305843009213693952 uint64 numbers of 8 bytes or more, but only"),
        broken(
            new GgufBytes().array("k", 8, 9, concat(string("a"), string("b"))),
            "key 'k': says 9 strings of 8 bytes or more, but only"),
        broken(
            new GgufBytes().array("k", 8, 2, concat(string("a"), string(99, (byte) 'b'))),
            "key 'k': the string 1 is said to have 99 bytes, but only"),
        broken(
            new GgufBytes().array("k", 8, 1, string(3, (byte) 0xed, (byte) 0xa0, (byte) 0x80)),
            "key 'k': the string 0 is not UTF-8"), // a surrogate
        broken(
            new GgufBytes().uint32("general.alignment", 0),
            "key 'general.alignment': is 0, expected a whole number from 8 to 65536"),
        broken(new GgufBytes().uint32("general.alignment", 48), "is 48, expected a power of two"),
        broken(
            new GgufBytes().uint32("general.alignment", 1L << 31),
            "is 2147483648, expected a whole number from 8 to 65536"),
        // tensors
        broken(
            new GgufBytes().tensor(longName, new float[1], 1),
            "tensor 1 of 1: the name has 128 bytes, expected at most 127"),
        broken(new GgufBytes().tensor("", new float[1], 1), "the name is empty or holds control"),
        broken(
            new GgufBytes().tensor("t", new float[1], 1).tensor("t", new float[1], 1),
            "tensor 't': stands in the file twice, expected once"),
        broken(
            new GgufBytes().info(name, F32, 0).data(64),
            "tensor 't': has 0 dimensions, expected 1 to 4"),
        broken(
            new GgufBytes().info(name, F32, 0, 1, 1, 1, 1, 1).data(64),
            "tensor 't': has 5 dimensions, expected 1 to 4"),
        broken(
            new GgufBytes().lyingInfo(name, F32, 0, -1, 1).data(64),
            "tensor 't': has 4294967295 dimensions, expected 1 to 4"),
        broken(
            new GgufBytes().info(name, F32, 0, 4, 0).data(64),
            "tensor 't': dimension 1 has the size 0, expected 1 or more"),
        broken(
            new GgufBytes().info(name, F32, 0, Long.MIN_VALUE).data(64),
            "tensor 't': dimension 0 has the size 9223372036854775808, expected 1 or more"),
        broken(
            new GgufBytes().info(name, F32, 0, 1L << 62, 2).data(64),
            "tensor 't': F32 [2, 4611686018427387904] has 2^63 elements or bytes, or more"),
        broken(
            new GgufBytes().info(name, F32, 0, 1L << 32, 1L << 32, 1, 4).data(64),
            "[4, 1, 4294967296, 4294967296] has 2^63 elements or bytes, or more"),
        broken(
            new GgufBytes().info(name, F32, 0, 1L << 61).data(64),
            "tensor 't': F32 [2305843009213693952] has 2^63 elements or bytes, or more"),
        broken(
            new GgufBytes().tensor("t", Q8_0, new byte[34], 34, 1),
            "tensor 't': has 34 columns, expected a multiple of 32, the block of Q8_0"),
        broken(
            new GgufBytes().info(name, 4, 0, 32).data(64),
            "tensor 't': is of type 4, expected one of 0 (F32), 1 (F16), 2 (Q4_0), 3 (Q4_1), 6 (Q5"),
        broken(new GgufBytes().info(name, -1, 0, 32).data(64), "is of type 4294967295, expected"),
        broken(
            new GgufBytes().info(name, F32, 4, 1).data(64),
            "tensor 't': has the offset 4, expected a multiple of 32"),
        broken(
            new GgufBytes().info(name, F32, 64, 1).data(64),
            "tensor 't': has the offset 64 and 4 bytes, but the file has 64 bytes of data; it is"),
        broken(
            new GgufBytes().info(name, F32, -32, 1).data(64),
            "has the offset 18446744073709551584 and 4 bytes, but the file has 64 bytes"),
        broken(
            new GgufBytes().info(name, F32, Long.MAX_VALUE - 31, 1).data(64),
            "has the offset 9223372036854775776 and 4 bytes"),
        broken(
            new GgufBytes().info(name, F32, 0, 17).data(64),
            "has the offset 0 and 68 bytes, but the file has 64 bytes of data"),
        broken(
            new GgufBytes().info(name, F32, 32, 1).info(string("u"), F32, 0, 9).data(64),
            "tensor 't': has the offset 32, expected 36 or more, the end of tensor 'u'"),
        broken(
            new GgufBytes().info(name, F32, 0, 1).info(string("u"), F32, 0, 1).data(64),
            "tensor 'u': has the offset 0, expected 4 or more, the end of tensor 't'"));
  }

  private static Arguments broken(GgufBytes file, String message) {
    return arguments(file.bytes(), message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenFiles")
  void refusesBrokenFilesWithoutAllocatingWhatTheySay(byte[] bytes, String message) {
    long allocated =
        Allocation.bytes(() ->
            assertThatThrownBy(() -> parse(bytes))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageStartingWith("m.gguf: ")
                .hasMessageContaining(message));

    assertThat(allocated).isLessThan(10L * bytes.length + (4 << 20)); // AssertJ has its share
  }

  @Test
  void refusesOtherFiles() {
    assertRefused(
        () -> parse("PK\3\4 and more".getBytes(UTF_8)),
        "m.gguf: header: begins with bytes 0x504b0304, expected 0x47475546, \"GGUF\"");
    assertRefused(
        () -> parse("GG".getBytes(UTF_8)),
        "header: the file ends in the magic number: 2 bytes are left, expected 4");
  }

  @Test
  void refusesAFileThatIsCutOffAnywhere() {
    byte[] whole = sound().bytes();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> parse(cut))
          .as("%d bytes", length)
          .isInstanceOf(MalformedModelException.class)
          .hasMessageStartingWith("m.gguf: ");
    }
  }

  @Test
  void aFileWithAWrongBitIsReadOrRefusedAndNothingElse() {
    byte[] whole = sound().bytes();
    int refused = 0;
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      refused += refusals(damaged, "bit " + bit);
    }
    assertThat(refused).isGreaterThan(whole.length); // counts, lengths, types and offsets
  }

  @Test
  void damagedFilesAreReadOrRefusedAndNothingElse() {
    int damagedFiles = 10_000;
    int refused = 0;
    byte[] whole = sound().bytes();
    for (int seed = 0; seed < damagedFiles; seed++) {
      refused += refusals(new Mutations(seed).damage(whole), "seed " + seed);
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }

  /// Reads all of a file that may be broken; 1 if it is refused.
  private static int refusals(byte[] bytes, String damage) {
    try {
      GgufFile file = parse(bytes);
      assertThat(file.metadata().excerpts().values()).doesNotContainNull();
      for (Tensor tensor : file.tensors().values()) {
        if (tensor.dtype().decodesToFloats()) {
          assertThat(tensor.floats()).hasSize((int) tensor.elements());
        }
      }
      return 0;
    } catch (MalformedModelException e) {
      assertThat(e).hasMessageStartingWith("m.gguf: ");
      return 1;
    } catch (Throwable e) {
      throw new AssertionError(damage, e);
    }
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

  private static GgufFile parse(byte[] bytes) {
    return GgufFile.parse(new MappedFile("m.gguf", MemorySegment.ofArray(bytes)));
  }

  private static void assertRefused(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(MalformedModelException.class)
        .hasMessageContaining(message);
  }
}
