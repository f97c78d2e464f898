package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {
  /// Data out of the order of names, a scalar and an empty tensor, at addresses of any alignment.
  private static final String SOUND =
      """
      {"__metadata__":{"format":"pt","by":"test"},\
      "b":{"dtype":"F32","shape":[2,2],"data_offsets":[1,17]},\
      "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
      "empty":{"dtype":"F64","shape":[0,3],"data_offsets":[17,17]},\
      "scalar":{"dtype":"BF16","shape":[],"data_offsets":[17,19]}}\
      """
          + "   "; // the format allows padding

  private static final byte[] SOUND_DATA =
      ByteBuffer.allocate(19)
          .order(ByteOrder.LITTLE_ENDIAN)
          .put((byte) 7)
          .putFloat(1.5f)
          .putFloat(-2)
          .putFloat(Float.MIN_VALUE)
          .putFloat(4)
          .putShort((short) 0x3F80)
          .array();

  @TempDir Path folder;

  @Test
  void givesViewsOfTheFileInTheOrderOfTheData() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = open(Safetensors.bytes(SOUND, SOUND_DATA), arena);

      assertThat(file.name()).isEqualTo("m.safetensors");
      assertThat(file.tensors().keySet()).containsExactly("a", "b", "empty", "scalar");
      Tensor b = file.tensors().get("b");
      assertThat(b.dtype()).isEqualTo(DType.F32);
      assertThat(b.shape()).containsExactly(2L, 2L);
      assertThat(b.file()).isEqualTo("m.safetensors");
      assertThat(b.floats()).containsExactly(1.5f, -2, Float.MIN_VALUE, 4);
      assertThat(file.tensors().get("scalar").floats()).containsExactly(1);
      assertThat(file.tensors().get("empty").data().byteSize()).isZero();
      assertThat(b.data().address() - file.tensors().get("a").data().address()).isEqualTo(1);
    }
  }

  static Stream<Arguments> brokenHeaders() {
    return Stream.of(
        // offsets and the data
        broken(
            tensor("a", "F16", "[4]", "[0,8]") + "," + tensor("b", "F16", "[4]", "[6,14]"),
            14,
            "tensor 'b': data_offsets [6, 14] overlap another tensor, expected to begin at 8, the"
                + " end of tensor 'a'"),
        broken(
            tensor("a", "F16", "[4]", "[0,8]") + "," + tensor("b", "F16", "[4]", "[10,18]"),
            18,
            "tensor 'b': data_offsets [10, 18] leave a hole, expected to begin at 8, the end of"
                + " tensor 'a'"),
        broken(tensor("a", "F16", "[4]", "[2,10]"), 10, "leave a hole, expected to begin at 0"),
        broken(tensor("a", "F16", "[4]", "[0,8]"), 9, "data: 9 bytes, expected 8, the end of"),
        broken(
            tensor("a", "F16", "[4]", "[0,8]"),
            7,
            "tensor 'a': data_offsets is [0, 8], but the file has 7 bytes of data"),
        broken(tensor("a", "F16", "[4]", "[8,0]"), 8, "is [8, 0], expected begin and end"),
        broken(tensor("a", "F16", "[4]", "[0]"), 8, "is [0], expected begin and end"),
        broken(tensor("a", "F16", "[4]", "[0,8,8]"), 8, "is [0, 8, 8], expected begin and end"),
        broken(tensor("a", "F16", "[4]", "[-8,0]"), 8, "data_offsets holds -8, expected whole"),
        broken(tensor("a", "F16", "[4]", "[0,8.0]"), 8, "holds 8.0, expected whole numbers"),
        // shape and type
        broken(
            tensor("a", "F32", "[4]", "[0,8]"),
            8,
            "tensor 'a': data_offsets [0, 8] hold 8 bytes, expected 16 for F32 [4]"),
        broken(
            tensor("a", "F16", "[4294967296,4294967296]", "[0,8]"),
            8,
            "tensor 'a': F16 [4294967296, 4294967296] has more than 2^63 bytes"),
        broken(tensor("a", "F16", "[99999999999999999999]", "[0,8]"), 8, "shape holds 99999999"),
        broken(
            tensor("a", "F16", "[-4]", "[0,8]"), 8, "tensor 'a': shape holds -4, expected whole"),
        broken(tensor("a", "F16", "4", "[0,8]"), 8, "tensor 'a': shape is 4, expected a list"),
        broken(tensor("a", "F16", "[[4]]", "[0,8]"), 8, "shape holds a list, expected whole"),
        broken(
            tensor("a", "F16", "[" + "1,".repeat(64) + "1]", "[0,2]"),
            2,
            "shape has more than 64 numbers"),
        broken(
            tensor("a", "Q4", "[4]", "[0,8]"),
            8,
            "dtype is \"Q4\", expected one of [F64, F32, F16"),
        broken("\"a\":{\"dtype\":5}", 8, "tensor 'a': dtype is 5, expected one of"),
        broken("\"a\":{\"dtype\":\"F16\",\"shape\":[4]}", 8, "data_offsets is missing"),
        // structure
        broken(
            tensor("a", "U8", "[0]", "[0,0]") + "," + tensor("a", "U8", "[8]", "[0,8]"),
            8,
            "tensor 'a': stands in the header twice, expected once"),
        broken(
            "\"a\":{\"dtype\":\"F16\",\"dtype\":\"F16\"}", 8, "dtype stands twice, expected once"),
        broken(
            "\"a\":{\"dtype\":\"F16\",\"strides\":[1]}",
            8,
            "unknown key 'strides', expected dtype"),
        broken("\"a\":[1]", 8, "tensor 'a': is a list, expected an object"),
        broken(tensor("", "U8", "[8]", "[0,8]"), 8, "name is empty"),
        broken(tensor("a\\n", "U8", "[8]", "[0,8]"), 8, "holds control characters"),
        broken(tensor("n".repeat(2000), "U8", "[8]", "[0,8]"), 8, "1024"),
        broken("\"__metadata__\":{\"a\":1}", 0, "__metadata__: key 'a' is 1, expected a string"),
        broken("\"__metadata__\":{\"a\":\"\",\"a\":\"\"}", 0, "__metadata__: key 'a' is a second"),
        broken("\"__metadata__\":null", 0, "__metadata__: is null, expected an object"),
        broken("\"a\":" + "[".repeat(100_000), 0, "is a list, expected an object"),
        broken("}", 0, "header, line 1"),
        broken("} {", 0, "header: goes on with an object after the object"),
        broken("\"a\":", 0, "header, line 1"));
  }

  private static Arguments broken(String members, int dataBytes, String message) {
    return arguments("{" + members + "}", dataBytes, message);
  }

  private static String tensor(String name, String dtype, String shape, String offsets) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}"
        .formatted(name, dtype, shape, offsets);
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("brokenHeaders")
  void refusesBrokenHeaders(String header, int dataBytes, String message) throws IOException {
    assertRefused(Safetensors.bytes(header, new byte[dataBytes]), message);
  }

  @Test
  void refusesHeaderLengthsThatTheFileDoesNotHold() throws IOException {
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);

    assertRefused(new byte[7], "header length: the file has 7 bytes, expected 8 bytes of");
    assertRefused(
        Safetensors.bytes(3, header, new byte[0]),
        "header length: is 3 bytes, expected 2 to 2 in a file of 10 bytes");
    assertRefused(Safetensors.bytes(0, header, new byte[0]), "header length: is 0 bytes");
    assertRefused(
        Safetensors.bytes(-1, header, new byte[0]), "is 18446744073709551615 bytes, expected 2");
    assertRefused(Safetensors.bytes(Long.MAX_VALUE, header, new byte[0]), "expected 2 to 2 in");
  }

  @Test
  void refusesHeadersBeyondTheLimitOfTheFormat() throws IOException {
    Path path = folder.resolve("m.safetensors");
    Files.write(path, Safetensors.bytes(100_000_001, new byte[0], new byte[0]));
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(200_000_000);
    }
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> SafetensorsFile.parse(MappedFile.map(path, arena)))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageContaining(
              "is 100000001 bytes, expected 2 to 100000000 in a file of 200000000");
    }
  }

  @Test
  void refusesOtherEncodings() throws IOException {
    byte[] wrongUtf8 = "{\"a?\":{}}".getBytes(StandardCharsets.UTF_8);
    wrongUtf8[3] = (byte) 0xC0;
    byte[] utf16 = "{\"a\":{}}".getBytes(StandardCharsets.UTF_16LE);
    byte[] marked = "\uFEFF{}".getBytes(StandardCharsets.UTF_8);

    assertRefused(
        Safetensors.bytes(wrongUtf8.length, wrongUtf8, new byte[0]), "header: is not UTF-8");
    assertRefused(Safetensors.bytes(utf16.length, utf16, new byte[0]), "header, line 1, column 3");
    assertRefused(
        Safetensors.bytes(marked.length, marked, new byte[0]),
        "header: begins with byte 0xef, expected '{'");
  }

  @Test
  void damagedHeadersAreReadOrRefusedAndNothingElse() {
    int damagedFiles = 10_000;
    int refused = 0;
    byte[] header = SOUND.getBytes(StandardCharsets.UTF_8);
    for (int seed = 0; seed < damagedFiles; seed++) {
      byte[] damaged = new Mutations(seed).damage(header);
      // every fourth keeps the old length, as if bytes were lost or inserted
      long length = seed % 4 == 0 ? header.length : damaged.length;
      byte[] file = Safetensors.bytes(length, damaged, SOUND_DATA);
      try {
        SafetensorsFile read =
            SafetensorsFile.parse(new MappedFile("m.safetensors", MemorySegment.ofArray(file)));
        long bytes =
            read.tensors().values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
        assertThat(bytes).isEqualTo(file.length - Long.BYTES - length);
      } catch (MalformedModelException e) {
        refused++;
        assertThat(e).hasMessageStartingWith("m.safetensors: ");
      } catch (Throwable e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }

  private void assertRefused(byte[] bytes, String message) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> open(bytes, arena))
          .isInstanceOf(MalformedModelException.class)
          .hasMessageStartingWith("m.safetensors: ")
          .hasMessageContaining(message);
    }
  }

  private SafetensorsFile open(byte[] bytes, Arena arena) throws IOException {
    Path path = folder.resolve("m.safetensors");
    Files.write(path, bytes);
    return SafetensorsFile.parse(MappedFile.map(path, arena));
  }
}
