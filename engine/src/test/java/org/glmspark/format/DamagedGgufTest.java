package org.glmspark.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.glmspark.format.GgufBytes.concat;
import static org.glmspark.format.GgufBytes.int32;
import static org.glmspark.format.GgufBytes.int64;
import static org.glmspark.format.GgufBytes.string;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.stream.Stream;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// GGUF files that are not as the format says.
class DamagedGgufTest {
  private static final int F32 = 0;
  private static final int Q8_0 = 8;

  static Stream<Arguments> brokenFiles() {
    byte[] name = string("t");
    String longName = "n".repeat(128);
    return Stream.of(
        // header
        arguments(
            "PK\3\4 and more".getBytes(UTF_8),
            "m.gguf: header: begins with bytes 0x504b0304, expected 0x47475546, \"GGUF\""),
        arguments(
            "GG".getBytes(UTF_8),
            "header: the file ends in the magic number: 2 bytes are left, expected 4"),
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
            assertThatThrownBy(() -> SampleGguf.parse(bytes))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageStartingWith("m.gguf: ")
                .hasMessageContaining(message));

    assertThat(allocated).isLessThan(10L * bytes.length + (4 << 20)); // AssertJ has its share
  }

  @Test
  void refusesAFileThatIsCutOffAnywhere() {
    byte[] whole = SampleGguf.ofEveryType().bytes();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> SampleGguf.parse(cut))
          .as("%d bytes", length)
          .isInstanceOf(MalformedModelException.class)
          .hasMessageStartingWith("m.gguf: ");
    }
  }

  @Test
  void aFileWithAWrongBitIsReadOrRefusedAndNothingElse() {
    byte[] whole = SampleGguf.ofEveryType().bytes();
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
    byte[] whole = SampleGguf.ofEveryType().bytes();
    for (int seed = 0; seed < damagedFiles; seed++) {
      refused += refusals(new Mutations(seed).damage(whole), "seed " + seed);
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }

  /// Reads all of a file that may be broken; 1 if it is refused.
  private static int refusals(byte[] bytes, String damage) {
    try {
      GgufFile file = SampleGguf.parse(bytes);
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
}
