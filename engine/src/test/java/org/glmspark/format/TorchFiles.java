package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// Checkpoints of one tensor for tests: how they are written, read and refused.
final class TorchFiles {
  /// The storage of most tests: six float32 values.
  static final byte[] SIX_FLOATS = floats(1, 2, 3, 4, 5, 6);

  /// Its place in these archives: behind the pickle.
  static final int STORAGE = 1;

  private TorchFiles() {}

  static PickleBytes sound(String name) {
    return PickleBytes.dictionary()
        .tensor(name, "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L));
  }

  /// @return 1 if the file is refused, 0 if it is read; anything else fails
  static int isRefused(byte[] bytes, String what) {
    try {
      parse(bytes);
      return 0;
    } catch (MalformedModelException e) {
      assertThat(e).hasMessageStartingWith("m.bin: ");
      return 1;
    } catch (Throwable e) {
      throw new AssertionError(what, e);
    }
  }

  static void assertRefused(byte[] bytes, String message) {
    assertThatThrownBy(() -> parse(bytes))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("m.bin: ")
        .hasMessageContaining(message);
  }

  static TorchFile parse(byte[] bytes) {
    return TorchFile.parse(new MappedFile("m.bin", MemorySegment.ofArray(bytes)));
  }

  static byte[] soundPickle() {
    return sound("a").end();
  }

  static ZipBytes archive(byte[] pickle) {
    return ZipBytes.narrow().add("m/data.pkl", pickle).add("m/data/0", SIX_FLOATS);
  }

  static ZipBytes wideArchive() {
    return ZipBytes.wide().add("m/data.pkl", soundPickle()).add("m/data/0", SIX_FLOATS);
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }
}
