package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.glmspark.format.TorchFiles.SIX_FLOATS;
import static org.glmspark.format.TorchFiles.archive;
import static org.glmspark.format.TorchFiles.assertRefused;
import static org.glmspark.format.TorchFiles.isRefused;
import static org.glmspark.format.TorchFiles.parse;
import static org.glmspark.format.TorchFiles.soundPickle;
import static org.glmspark.format.TorchFiles.wideArchive;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchFileTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/chatglm2-6b");

  @TempDir Path folder;

  /// The digest is of what Python's own pickle module and NumPy read: name, type, shape and bytes
  /// of each tensor in the order of names.
  @Test
  void readsTheGoldenShardsAsPythonDoes() throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Arena arena = Arena.ofConfined()) {
      CheckpointFolder checkpoint = CheckpointFolder.open(GOLDEN, arena);

      assertThat(checkpoint.directory()).isEqualTo("pytorch_model.bin.index.json");
      assertThat(checkpoint.tensors()).hasSize(25);
      new TreeMap<>(checkpoint.tensors())
          .forEach((name, tensor) -> {
            String line = name + " " + tensor.dtype() + " " + tensor.shape() + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
            digest.update(tensor.data().asByteBuffer());
          });
      assertThat(HexFormat.of().formatHex(digest.digest()))
          .isEqualTo("9c34e0237dfae4c4ff07399a3e82e8470ba2f0b0e7ec933c2b515954e43016d9");
      assertThat(checkpoint.tensors().get("transformer.rotary_pos_emb.inv_freq").floats())
          .containsExactly(1, 0.099975586f, 0.010002136f, 0.0010004044f);
    }
  }

  @Test
  void givesViewsOfStoragesInTheOrderOfThePickle() {
    byte[] pickle =
        PickleBytes.dictionary()
            .tensor("tail", "FloatStorage", "0", 6, 2, List.of(2L, 2L), List.of(2L, 1L))
            .tensor("all", "FloatStorage", "0", 6, 0, List.of(1L, 6L, 1L), List.of(9L, 1L, 5L))
            .tensor("scalar", "BFloat16Storage", "b", 1, 0, List.of(), List.of())
            .tensor("empty", "HalfStorage", "none", 0, 0, List.of(3L, 0L), List.of(7L, 1L))
            .end();
    ZipBytes zip =
        ZipBytes.narrow()
            .add("模型/data.pkl", pickle)
            .add("模型/data/0", SIX_FLOATS)
            .add("模型/data/b", new byte[] {(byte) 0x80, 0x3F})
            .add("模型/data/none", new byte[0])
            .add("模型/byteorder", "little")
            .add("模型/.data/serialization_id", "1");

    TorchFile file = parse(zip.toByteArray());

    assertThat(file.tensors().keySet()).containsExactly("tail", "all", "scalar", "empty");
    Tensor tail = file.tensors().get("tail");
    assertThat(tail.name()).isEqualTo("tail");
    assertThat(tail.file()).isEqualTo("m.bin");
    assertThat(tail.dtype()).isEqualTo(DType.F32);
    assertThat(tail.shape()).containsExactly(2L, 2L);
    assertThat(tail.floats()).containsExactly(3, 4, 5, 6);
    Tensor all = file.tensors().get("all");
    assertThat(all.shape()).containsExactly(1L, 6L, 1L);
    assertThat(all.floats()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(all.data().asOverlappingSlice(tail.data()).orElseThrow().byteSize()).isEqualTo(16);
    assertThat(file.tensors().get("scalar").floats()).containsExactly(1);
    assertThat(file.tensors().get("empty").data().byteSize()).isZero();
  }

  @Test
  void knowsEveryTypeOfStorage() {
    assertStorage("DoubleStorage", DType.F64);
    assertStorage("FloatStorage", DType.F32);
    assertStorage("HalfStorage", DType.F16);
    assertStorage("BFloat16Storage", DType.BF16);
    assertStorage("LongStorage", DType.I64);
    assertStorage("IntStorage", DType.I32);
    assertStorage("ShortStorage", DType.I16);
    assertStorage("CharStorage", DType.I8);
    assertStorage("ByteStorage", DType.U8);
    assertStorage("BoolStorage", DType.BOOL);
  }

  private static void assertStorage(String type, DType dtype) {
    long elements = SIX_FLOATS.length / dtype.bytes();
    byte[] pickle =
        PickleBytes.dictionary()
            .tensor("a", type, "0", elements, 0, List.of(elements), List.of(1L))
            .end();

    Tensor tensor = parse(archive(pickle).toByteArray()).tensors().get("a");

    assertThat(tensor.dtype()).isEqualTo(dtype);
    assertThat(tensor.data().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(SIX_FLOATS);
  }

  /// What `torch.save(model.state_dict())` writes: an ordered dictionary with an attribute, and the
  /// memo, which names a value that stood before.
  @Test
  void readsOrderedDictionariesWithTheirMetadata() {
    byte[] pickle =
        new PickleBytes()
            .bytes(0x80, 2)
            .orderedDictionary()
            .bytes('q', 0, '(')
            .tensor("a", "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L))
            .text("b")
            .bytes('q', 1)
            .global("torch._utils", "_rebuild_parameter")
            .bytes('(')
            .global("torch._utils", "_rebuild_tensor_v2")
            .bytes('r', 2, 0, 0, 0, '(')
            .storage("FloatStorage", "0", 6)
            .bytes('K', 5, 'K', 1, 0x85, 'K', 1, 0x85, 0x89)
            .orderedDictionary()
            .bytes('t', 'R', 0x88)
            .orderedDictionary()
            .bytes('t', 'R', 'u')
            .bytes('}')
            .text("_metadata")
            .orderedDictionary()
            .bytes('(')
            .text("")
            .bytes('}')
            .text("version")
            .bytes('K', 1, 's', 'h', 1, '}')
            .text("version")
            .bytes('N', 's', 'u', 's', 'b', '.')
            .toByteArray();

    TorchFile file = parse(archive(pickle).toByteArray());

    assertThat(file.tensors().keySet()).containsExactly("a", "b");
    assertThat(file.tensors().get("b").floats()).containsExactly(6);
  }

  @Test
  void readsFilesBeyondFourGibibytes() throws IOException {
    long bytes = (4L << 30) + 2;
    byte[] pickle =
        PickleBytes.dictionary()
            .tensor(
                "zeros",
                "CharStorage",
                "0",
                bytes,
                0,
                List.of(2L, bytes / 2),
                List.of(bytes / 2, 1L))
            .tensor("six", "FloatStorage", "1", 6, 0, List.of(6L), List.of(1L))
            .end();
    Path path = folder.resolve("large.bin");
    ZipBytes.wide()
        .add("large/data.pkl", pickle)
        .addHole("large/data/0", bytes)
        .add("large/data/1", SIX_FLOATS)
        .write(path);

    try (Arena arena = Arena.ofConfined()) {
      TorchFile file = TorchFile.parse(MappedFile.map(path, arena));

      assertThat(file.tensors().get("zeros").data().byteSize()).isEqualTo(bytes);
      assertThat(file.tensors().get("six").floats()).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void truncatedFilesAreRefusedWhereverTheyEnd() {
    for (ZipBytes zip : List.of(archive(soundPickle()), wideArchive())) {
      byte[] whole = zip.toByteArray();
      for (int length = 1; length < whole.length; length++) {
        assertRefused(Arrays.copyOf(whole, length), "");
      }
    }
  }

  @Test
  void filesWithOneWrongBitAreReadOrRefusedAndNothingElse() {
    int refused = 0;
    int flipped = 0;
    for (ZipBytes zip : List.of(archive(soundPickle()), wideArchive())) {
      byte[] bytes = zip.toByteArray();
      for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
        bytes[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
        refused += isRefused(bytes, "bit " + bit);
        flipped++;
        bytes[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      }
    }
    assertThat(refused).isBetween(flipped / 2, flipped - 100); // times and weights are not checked
  }
}
