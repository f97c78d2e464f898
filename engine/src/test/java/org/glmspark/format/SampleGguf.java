package org.glmspark.format;

import static org.glmspark.format.GgufBytes.int32;
import static org.glmspark.format.GgufBytes.int64;

import java.lang.foreign.MemorySegment;

/// The GGUF file that tests read, whole and damaged.
final class SampleGguf {
  private SampleGguf() {}

  /// A file with every type of value, and tensors of one, two and four dimensions.
  static GgufBytes ofEveryType() {
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
        .tensor("q", 8, q8Row(), 32, 1);
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

  /// Reads a file called `m.gguf`.
  static GgufFile parse(byte[] bytes) {
    return GgufFile.parse(new MappedFile("m.gguf", MemorySegment.ofArray(bytes)));
  }
}
