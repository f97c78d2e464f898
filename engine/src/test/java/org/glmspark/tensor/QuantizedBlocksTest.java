package org.glmspark.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizedBlocksTest {
  /// The loops of the format's description as they stand there, one block at a time.
  private static final class Description {
    private static final int[] KV = {
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private final byte[] block;

    Description(byte[] block) {
      this.block = block;
    }

    private int u8(int at) {
      return Byte.toUnsignedInt(block[at]);
    }

    private float half(int at) {
      return Float.float16ToFloat((short) (u8(at) + 256 * u8(at + 1)));
    }

    private int bit(int at, int number) {
      return u8(at + number / 8) / (1 << number % 8) % 2;
    }

    float[] values(DType dtype) {
      float[] y = new float[dtype.blockElements()];
      switch (dtype) {
        case Q4_0 -> blocksOf32(y, 2, (q, e) -> (q - 8) * half(0));
        case Q4_1 -> blocksOf32(y, 4, (q, e) -> q * half(0) + half(2));
        case Q5_0 -> blocksOf32(y, 6, (q, e) -> (q + 16 * bit(2, e) - 16) * half(0));
        case Q5_1 -> blocksOf32(y, 8, (q, e) -> (q + 16 * bit(4, e)) * half(0) + half(2));
        case IQ4_NL -> blocksOf32(y, 2, (q, e) -> half(0) * KV[q]);
        case Q8_0 -> {
          for (int e = 0; e < 32; e++) {
            y[e] = block[2 + e] * half(0);
          }
        }
        case Q2_K -> q2(y);
        case Q3_K -> q3(y);
        case Q4_K -> q4(y);
        case Q5_K -> q5(y);
        case Q6_K -> q6(y);
        case IQ4_XS -> iq4(y);
        case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL -> throw new AssertionError(dtype);
      }
      return y;
    }

    private interface Value {
      float of(int nibble, int element);
    }

    private void blocksOf32(float[] y, int qs, Value value) {
      for (int j = 0; j < 16; j++) {
        y[j] = value.of(u8(qs + j) % 16, j);
        y[j + 16] = value.of(u8(qs + j) / 16, j + 16);
      }
    }

    private void q2(float[] y) {
      float d = half(80);
      float dmin = half(82);
      int e = 0;
      for (int n = 0; n < 2; n++) {
        for (int j = 0; j < 4; j++) {
          for (int group = 0; group < 2; group++) {
            int s = u8(8 * n + 2 * j + group);
            for (int l = 0; l < 16; l++) {
              int q = u8(16 + 32 * n + 16 * group + l) >> (2 * j) & 3;
              y[e++] = d * (s & 15) * q - dmin * (s >> 4);
            }
          }
        }
      }
    }

    private void q3(float[] y) {
      float d = half(108);
      int[] sc = new int[16];
      for (int k = 0; k < 16; k++) {
        int low = k < 8 ? u8(96 + k) & 15 : u8(96 + k - 8) >> 4;
        int high = u8(96 + 8 + k % 4) >> (2 * (k / 4)) & 3;
        sc[k] = (low | high << 4) - 32;
      }
      int e = 0;
      for (int n = 0; n < 2; n++) {
        for (int j = 0; j < 4; j++) {
          for (int group = 0; group < 2; group++) {
            for (int l = 16 * group; l < 16 * group + 16; l++) {
              int q = u8(32 + 32 * n + l) >> (2 * j) & 3;
              int less = (u8(l) & 1 << (4 * n + j)) == 0 ? 4 : 0;
              y[e++] = d * sc[8 * n + 2 * j + group] * (q - less);
            }
          }
        }
      }
    }

    private int sc(int j) {
      return j < 4 ? u8(4 + j) & 63 : (u8(4 + j + 4) & 15) + ((u8(4 + j - 4) >> 6) << 4);
    }

    private int mn(int j) {
      return j < 4 ? u8(4 + j + 4) & 63 : (u8(4 + j + 4) >> 4) + ((u8(4 + j) >> 6) << 4);
    }

    private void q4(float[] y) {
      for (int c = 0; c < 4; c++) {
        for (int l = 0; l < 32; l++) {
          int q = u8(16 + 32 * c + l);
          y[64 * c + l] = half(0) * sc(2 * c) * (q & 15) - half(2) * mn(2 * c);
          y[64 * c + 32 + l] = half(0) * sc(2 * c + 1) * (q >> 4) - half(2) * mn(2 * c + 1);
        }
      }
    }

    private void q5(float[] y) {
      for (int c = 0; c < 4; c++) {
        for (int l = 0; l < 32; l++) {
          int low = (u8(48 + 32 * c + l) & 15) + 16 * (u8(16 + l) >> (2 * c) & 1);
          int high = (u8(48 + 32 * c + l) >> 4) + 16 * (u8(16 + l) >> (2 * c + 1) & 1);
          y[64 * c + l] = half(0) * sc(2 * c) * low - half(2) * mn(2 * c);
          y[64 * c + 32 + l] = half(0) * sc(2 * c + 1) * high - half(2) * mn(2 * c + 1);
        }
      }
    }

    private void q6(float[] y) {
      float d = half(208);
      for (int n = 0; n < 2; n++) {
        int ql = 64 * n;
        int qh = 128 + 32 * n;
        int sc = 192 + 8 * n;
        for (int l = 0; l < 32; l++) {
          int is = l / 16;
          int h = u8(qh + l);
          int e = 128 * n + l;
          y[e] = d * block[sc + is] * (((u8(ql + l) & 15) | (h & 3) << 4) - 32);
          y[e + 32] = d * block[sc + is + 2] * (((u8(ql + l + 32) & 15) | (h >> 2 & 3) << 4) - 32);
          y[e + 64] = d * block[sc + is + 4] * ((u8(ql + l) >> 4 | (h >> 4 & 3) << 4) - 32);
          y[e + 96] = d * block[sc + is + 6] * ((u8(ql + l + 32) >> 4 | (h >> 6 & 3) << 4) - 32);
        }
      }
    }

    private void iq4(float[] y) {
      int scalesHigh = u8(2) + 256 * u8(3);
      for (int ib = 0; ib < 8; ib++) {
        int ls = (u8(4 + ib / 2) >> (4 * (ib % 2)) & 15) | (scalesHigh >> (2 * ib) & 3) << 4;
        float dl = half(0) * (ls - 32);
        for (int j = 0; j < 16; j++) {
          int q = u8(8 + 16 * ib + j);
          y[32 * ib + j] = dl * KV[q & 15];
          y[32 * ib + 16 + j] = dl * KV[q >> 4];
        }
      }
    }
  }

  static Stream<DType> blockTypes() {
    return Arrays.stream(DType.values()).filter(DType::isBlockType);
  }

  @ParameterizedTest
  @MethodSource("blockTypes")
  void randomBlocksHaveTheValuesOfTheDescription(DType dtype) {
    var random = new Random(dtype.blockBytes());
    int blocks = 200;
    byte[] bytes = new byte[blocks * dtype.blockBytes()];
    random.nextBytes(bytes); // scales may be infinite or no numbers: those too
    float[] out = new float[blocks * dtype.blockElements() + 2];
    Arrays.fill(out, 42);

    QuantizedBlocks.decode(dtype, bytes, blocks, out, 1);

    assertThat(out[0]).isEqualTo(42);
    assertThat(out[out.length - 1]).isEqualTo(42);
    for (int i = 0; i < blocks; i++) {
      byte[] block =
          Arrays.copyOfRange(bytes, i * dtype.blockBytes(), (i + 1) * dtype.blockBytes());
      int start = 1 + i * dtype.blockElements();
      assertThat(Arrays.copyOfRange(out, start, start + dtype.blockElements()))
          .as("block %d", i)
          .isEqualTo(new Description(block).values(dtype));
    }
  }

  static Stream<Arguments> blocksByHand() {
    return Stream.of(
        // d = 0.5; byte j is 0xf0 + j: low nibbles 0, 1, 2 …, high nibbles 15
        arguments(
            DType.Q4_0, "0038 f0f1f2f3 f4f5f6f7f8f9fafbfcfdfeff", floats(-4, -3.5f, -3), 3.5f),
        // the same and m = -1
        arguments(
            DType.Q4_1, "0038 00bc f0f1f2f3 f4f5f6f7f8f9fafbfcfdfeff", floats(-1, -0.5f, 0), 6.5f),
        // fifth bits: elements 0, 2 and 31
        arguments(
            DType.Q5_0,
            "0038 05000080 f0f1f2f3 f4f5f6f7f8f9fafbfcfdfeff",
            floats(0, -7.5f, 1),
            7.5f),
        arguments(
            DType.Q5_1,
            "0038 00bc 05000080 f0f1f2f3 f4f5f6f7f8f9fafbfcfdfeff",
            floats(7, -0.5f, 8),
            14.5f),
        arguments(
            DType.Q8_0, "0038 7f80ff" + "00".repeat(28) + "02", floats(63.5f, -64, -0.5f), 1f),
        arguments(
            DType.IQ4_NL,
            "0038 f0f1f2f3 f4f5f6f7f8f9fafbfcfdfeff",
            floats(-63.5f, -52, -41.5f),
            56.5f),
        // group 0: scale 3, minimum 2; group 15: scale 1, minimum 0; d = 0.5, dmin = 1
        arguments(
            DType.Q2_K,
            "23" + "00".repeat(14) + "01" + "030201" + "00".repeat(60) + "c0" + "0038 003c",
            floats(2.5f, 1, -0.5f),
            1.5f),
        // all scales 1 (33 - 32), but of group 15 2; high bits of elements 0 and 255
        arguments(
            DType.Q3_K,
            "01"
                + "00".repeat(30)
                + "80"
                + "030201"
                + "00".repeat(60)
                + "40"
                + "11".repeat(7)
                + "21"
                + "aaaaaaaa"
                + "0038",
            floats(1.5f, -1, -1.5f),
            1f),
        // group 0: scale 2, minimum 1; group 7: scale 16 (upper bits alone), minimum 3; dmin = 1
        arguments(
            DType.Q4_K,
            "0038 003c" + "02000040" + "01000000" + "00000030" + "0f0301" + "00".repeat(124) + "20",
            floats(14, 2, 0),
            13f),
        // the same, fifth bits of element 1 and 255
        arguments(
            DType.Q5_K,
            "0038 003c"
                + "02000040"
                + "01000000"
                + "00000030"
                + "0001"
                + "00".repeat(29)
                + "80"
                + "0f0301"
                + "00".repeat(124)
                + "20",
            floats(14, 18, 0),
            141f),
        // group 0: scale -2, group 15: scale 3; element 255 is 63 of 63
        arguments(
            DType.Q6_K,
            "0f0001"
                + "00".repeat(124)
                + "f0"
                + "020100"
                + "00".repeat(60)
                + "c0"
                + "fe"
                + "00".repeat(14)
                + "03"
                + "0038",
            floats(-15, 16, 31),
            46.5f),
        // scales: group 0 is 33 - 32, group 7 is 48 - 32
        arguments(
            DType.IQ4_XS,
            "0038 02c0" + "01000000" + "000f08" + "00".repeat(124) + "90",
            floats(-63.5f, 56.5f, 0.5f),
            104f));
  }

  private static float[] floats(float... values) {
    return values;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("blocksByHand")
  void blocksByHandHaveTheValuesComputedByHand(
      DType dtype, String hex, float[] firstThree, float last) {
    byte[] block = HexFormat.of().parseHex(hex.replace(" ", ""));
    assertThat(block).hasSize(dtype.blockBytes());
    float[] out = new float[dtype.blockElements()];

    QuantizedBlocks.decode(dtype, block, 1, out, 0);

    assertThat(Arrays.copyOf(out, 3)).isEqualTo(firstThree);
    assertThat(out[out.length - 1]).isEqualTo(last);
  }

  @Test
  void otherTypesHaveNoBlocks() {
    assertThatThrownBy(() -> QuantizedBlocks.decode(DType.F16, new byte[2], 1, new float[1], 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("F16 is no block type");
  }
}
