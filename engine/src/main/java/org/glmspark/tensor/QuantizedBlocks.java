package org.glmspark.tensor;

/// The block types of GGML: what the bytes of a block mean, in float32.
///
/// Scales and minima (`d`, `m`, `dmin`) are float16, everything is little-endian. In the types of
/// 256 elements a group of 16 or 32 has a small integer scale of its own, by which the block's is
/// multiplied. No product rounds: float16 has 11 bits, a group's scale at most 8 and an element at
/// most 8, and never more than 24 together. Only a sum or difference rounds, once.
///
/// Source: `ggml-common.h` and `ggml-quants.c` of <https://github.com/ggml-org/llama.cpp>
final class QuantizedBlocks {
  /// What the nibbles of IQ4_NL and IQ4_XS stand for: denser around zero, as weights are.
  private static final byte[] NONLINEAR = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  private QuantizedBlocks() {}

  /// Decodes whole blocks.
  ///
  /// @param dtype a block type
  /// @param bytes holds `blocks` blocks from its start on
  /// @param out gets the elements from `offset` on
  /// @throws IllegalArgumentException if `dtype` is no block type
  static void decode(DType dtype, byte[] bytes, int blocks, float[] out, int offset) {
    switch (dtype) {
      case Q4_0 -> q4WithoutMinimum(bytes, blocks, out, offset);
      case Q4_1 -> q4WithMinimum(bytes, blocks, out, offset);
      case Q5_0 -> q5WithoutMinimum(bytes, blocks, out, offset);
      case Q5_1 -> q5WithMinimum(bytes, blocks, out, offset);
      case Q8_0 -> q8(bytes, blocks, out, offset);
      case Q2_K -> q2K(bytes, blocks, out, offset);
      case Q3_K -> q3K(bytes, blocks, out, offset);
      case Q4_K -> q4K(bytes, blocks, out, offset);
      case Q5_K -> q5K(bytes, blocks, out, offset);
      case Q6_K -> q6K(bytes, blocks, out, offset);
      case IQ4_NL -> nonlinear4(bytes, blocks, out, offset);
      case IQ4_XS -> nonlinear4WithGroups(bytes, blocks, out, offset);
      case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException(dtype + " is no block type");
    }
  }

  /// Q4_0: `d; qs[16]`. Byte j holds elements j (low nibble) and j + 16; `(q - 8) · d`.
  private static void q4WithoutMinimum(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      float d = float16(bytes, at);
      for (int j = 0; j < 16; j++) {
        int pair = bytes[at + 2 + j];
        out[y + j] = ((pair & 15) - 8) * d;
        out[y + j + 16] = ((pair >> 4 & 15) - 8) * d;
      }
      at += 18;
    }
  }

  /// Q4_1: `d; m; qs[16]`. Nibbles as Q4_0; `q · d + m`.
  private static void q4WithMinimum(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      float d = float16(bytes, at);
      float m = float16(bytes, at + 2);
      for (int j = 0; j < 16; j++) {
        int pair = bytes[at + 4 + j];
        out[y + j] = (pair & 15) * d + m;
        out[y + j + 16] = (pair >> 4 & 15) * d + m;
      }
      at += 20;
    }
  }

  /// Q5_0: `d; qh[4]; qs[16]`. Nibbles as Q4_0, the fifth bit of element e is bit e of `qh`; `(q -
  /// 16) · d`.
  private static void q5WithoutMinimum(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      float d = float16(bytes, at);
      int high = int32(bytes, at + 2);
      for (int j = 0; j < 16; j++) {
        int pair = bytes[at + 6 + j];
        out[y + j] = (((pair & 15) | (high >> j & 1) << 4) - 16) * d;
        out[y + j + 16] = (((pair >> 4 & 15) | (high >> (j + 16) & 1) << 4) - 16) * d;
      }
      at += 22;
    }
  }

  /// Q5_1: `d; m; qh[4]; qs[16]`. Bits as Q5_0; `q · d + m`.
  private static void q5WithMinimum(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      float d = float16(bytes, at);
      float m = float16(bytes, at + 2);
      int high = int32(bytes, at + 4);
      for (int j = 0; j < 16; j++) {
        int pair = bytes[at + 8 + j];
        out[y + j] = ((pair & 15) | (high >> j & 1) << 4) * d + m;
        out[y + j + 16] = ((pair >> 4 & 15) | (high >> (j + 16) & 1) << 4) * d + m;
      }
      at += 24;
    }
  }

  /// Q8_0: `d; qs[32]`, signed; `q · d`.
  private static void q8(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      float d = float16(bytes, at);
      for (int j = 0; j < 32; j++) {
        out[y + j] = bytes[at + 2 + j] * d;
      }
      at += 34;
    }
  }

  /// Q2_K: `scales[16]; qs[64]; d; dmin`. Group g has 16 elements, its scale the low nibble of
  /// `scales[g]`, its minimum the high one. 32 bytes of `qs` hold 128 elements: bits 2j and 2j + 1
  /// those of groups 2j (first 16 bytes) and 2j + 1; `d · scale · q - dmin · minimum`.
  private static void q2K(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at + 80);
      float dmin = float16(bytes, at + 82);
      for (int group = 0; group < 16; group++) {
        int scales = bytes[at + group];
        float scale = d * (scales & 15);
        float minimum = dmin * (scales >> 4 & 15);
        int shift = group % 8 / 2 * 2;
        int qs = at + 16 + group / 8 * 32 + group % 2 * 16;
        for (int l = 0; l < 16; l++) {
          out[y + 16 * group + l] = scale * (bytes[qs + l] >> shift & 3) - minimum;
        }
      }
      at += 84;
    }
  }

  /// Q3_K: `hmask[32]; qs[64]; scales[12]; d`. Groups and the lower two bits as Q2_K; where bit g /
  /// 2 of `hmask` is clear, 4 is taken off; `d · scale · q`.
  private static void q3K(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at + 108);
      for (int group = 0; group < 16; group++) {
        float scale = d * q3Scale(bytes, at + 96, group);
        int shift = group % 8 / 2 * 2;
        int high = group / 2;
        int mask = at + group % 2 * 16;
        int qs = at + 32 + group / 8 * 32 + group % 2 * 16;
        for (int l = 0; l < 16; l++) {
          int q = (bytes[qs + l] >> shift & 3) + (bytes[mask + l] >> high & 1) * 4 - 4;
          out[y + 16 * group + l] = scale * q;
        }
      }
      at += 110;
    }
  }

  /// The scale of a group of 16 of Q3_K, -32 to 31: four lower bits in the nibbles of the first 8
  /// bytes, two upper ones in the last 4.
  private static int q3Scale(byte[] bytes, int scales, int group) {
    int low = group < 8 ? bytes[scales + group] & 15 : bytes[scales + group - 8] >> 4 & 15;
    int high = bytes[scales + 8 + group % 4] >> (2 * (group / 4)) & 3;
    return (low | high << 4) - 32;
  }

  /// Q4_K: `d; dmin; scales[12]; qs[128]`. 32 bytes of `qs` hold two groups of 32, the first one in
  /// the low nibbles; `d · scale · q - dmin · minimum`.
  private static void q4K(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at);
      float dmin = float16(bytes, at + 2);
      for (int group = 0; group < 8; group++) {
        float scale = d * scale(bytes, at + 4, group);
        float minimum = dmin * minimum(bytes, at + 4, group);
        int shift = group % 2 * 4;
        int qs = at + 16 + group / 2 * 32;
        for (int l = 0; l < 32; l++) {
          out[y + 32 * group + l] = scale * (bytes[qs + l] >> shift & 15) - minimum;
        }
      }
      at += 144;
    }
  }

  /// Q5_K: `d; dmin; scales[12]; qh[32]; qs[128]`. As Q4_K; the fifth bit of element l of group g
  /// is bit g of `qh[l]`.
  private static void q5K(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at);
      float dmin = float16(bytes, at + 2);
      for (int group = 0; group < 8; group++) {
        float scale = d * scale(bytes, at + 4, group);
        float minimum = dmin * minimum(bytes, at + 4, group);
        int shift = group % 2 * 4;
        int qh = at + 16;
        int qs = at + 48 + group / 2 * 32;
        for (int l = 0; l < 32; l++) {
          int q = (bytes[qs + l] >> shift & 15) | (bytes[qh + l] >> group & 1) << 4;
          out[y + 32 * group + l] = scale * q - minimum;
        }
      }
      at += 176;
    }
  }

  /// The 6-bit scale of a group of 32 of Q4_K and Q5_K. Twelve bytes hold eight scales and eight
  /// minima: of groups 0 to 3 in the lower six bits of bytes 0 to 3 and 4 to 7; of groups 4 to 7
  /// with four bits in bytes 8 to 11 and two in the upper bits of the others.
  static int scale(byte[] bytes, int scales, int group) {
    return group < 4
        ? bytes[scales + group] & 63
        : (bytes[scales + group + 4] & 15) | (bytes[scales + group - 4] >> 6 & 3) << 4;
  }

  /// The 6-bit minimum that belongs to [#scale].
  static int minimum(byte[] bytes, int scales, int group) {
    return group < 4
        ? bytes[scales + group + 4] & 63
        : (bytes[scales + group + 4] >> 4 & 15) | (bytes[scales + group] >> 6 & 3) << 4;
  }

  /// Q6_K: `ql[128]; qh[64]; scales[16]; d`. Each half of 128 elements has 64 bytes of `ql`, 32 of
  /// `qh` and 8 signed scales for groups of 16; `d · scale · (q - 32)`.
  private static void q6K(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at + 208);
      for (int group = 0; group < 16; group++) {
        float scale = d * bytes[at + 192 + group];
        int quarter = group % 8 / 2; // 32 elements: nibble and byte of ql, two bits of qh
        int lowShift = quarter / 2 * 4;
        int highShift = quarter * 2;
        int ql = at + group / 8 * 64 + quarter % 2 * 32 + group % 2 * 16;
        int qh = at + 128 + group / 8 * 32 + group % 2 * 16;
        for (int l = 0; l < 16; l++) {
          int q = (bytes[ql + l] >> lowShift & 15) | (bytes[qh + l] >> highShift & 3) << 4;
          out[y + 16 * group + l] = scale * (q - 32);
        }
      }
      at += 210;
    }
  }

  /// IQ4_NL: `d; qs[16]`. Nibbles as Q4_0; `d · NONLINEAR[q]`.
  private static void nonlinear4(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 32 * blocks; y += 32) {
      nonlinearNibbles(bytes, at + 2, float16(bytes, at), out, y);
      at += 18;
    }
  }

  /// IQ4_XS: `d; scales_h[2]; scales_l[4]; qs[128]`. Group g of 32 has 16 bytes of `qs` with
  /// nibbles as Q4_0 and a scale of four bits in nibble g of `scales_l`, two in bits 2g of
  /// `scales_h`, less 32; `d · scale · NONLINEAR[q]`.
  private static void nonlinear4WithGroups(byte[] bytes, int blocks, float[] out, int offset) {
    int at = 0;
    for (int y = offset; y < offset + 256 * blocks; y += 256) {
      float d = float16(bytes, at);
      int scalesHigh = int16(bytes, at + 2);
      for (int group = 0; group < 8; group++) {
        int low = bytes[at + 4 + group / 2] >> (4 * (group % 2)) & 15;
        int high = scalesHigh >> (2 * group) & 3;
        float scale = d * ((low | high << 4) - 32);
        nonlinearNibbles(bytes, at + 8 + 16 * group, scale, out, y + 32 * group);
      }
      at += 136;
    }
  }

  private static void nonlinearNibbles(byte[] bytes, int qs, float scale, float[] out, int y) {
    for (int j = 0; j < 16; j++) {
      int pair = bytes[qs + j];
      out[y + j] = scale * NONLINEAR[pair & 15];
      out[y + j + 16] = scale * NONLINEAR[pair >> 4 & 15];
    }
  }

  private static float float16(byte[] bytes, int at) {
    return Float.float16ToFloat(int16(bytes, at));
  }

  static short int16(byte[] bytes, int at) {
    return (short) ((bytes[at] & 0xff) | bytes[at + 1] << 8);
  }

  private static int int32(byte[] bytes, int at) {
    return (int16(bytes, at) & 0xffff) | int16(bytes, at + 2) << 16;
  }
}
