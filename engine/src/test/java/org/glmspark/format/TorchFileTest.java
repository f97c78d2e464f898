package org.glmspark.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/chatglm2-6b");

  /// The storage of most tests: six float32 values.
  private static final byte[] SIX_FLOATS = floats(1, 2, 3, 4, 5, 6);

  /// Its place in these archives: behind the pickle.
  private static final int STORAGE = 1;

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
  void readsArchivesWithSizesOf64Bits() {
    assertThat(parse(wideArchive().toByteArray()).tensors().get("a").floats())
        .containsExactly(1, 2, 3, 4, 5, 6);
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

  static Stream<Arguments> brokenPickles() {
    return Stream.of(
        // opcodes
        broken(
            dictionary().text("a").global("posix", "system"),
            "data.pkl, byte 10: asks for 'posix system', expected a type of storage, a tensor or"),
        broken(dictionary().global("torch", "QInt8Storage"), "asks for 'torch QInt8Storage'"),
        broken(
            dictionary().global("torch._utils", "_rebuild_sparse_tensor"),
            "asks for 'torch._utils _rebuild_sparse_tensor'"),
        broken(dictionary().global("x".repeat(300), "y"), "is longer than 200"),
        broken(dictionary().global("torch\u0007", "y"), "name of a class holds byte 0x07"),
        broken(dictionary().bytes('i'), "byte 4: opcode 0x69 'i', expected one of those that"),
        broken(dictionary().bytes(0x93), "byte 4: opcode 0x93, expected one of those that"),
        broken(dictionary().bytes(0x82, 1), "opcode 0x82, expected"),
        broken(new PickleBytes().bytes(0x80, 4, '}', '.'), "not begin as a pickle of protocol 2"),
        broken(new PickleBytes().bytes('}', '.'), "does not begin as a pickle of protocol 2"),
        // the end
        broken(dictionary(), "byte 4: the pickle ends within an opcode or before STOP"),
        broken(dictionary().bytes('X', 9, 0, 0, 0, 'a'), "a text of 9 bytes, but 1 are left"),
        broken(dictionary().bytes('X', 255, 255, 255, 255), "a text of 4294967295 bytes, but 0"),
        broken(dictionary().bytes('c', 'a'), "the pickle ends within an opcode"),
        broken(new PickleBytes().bytes(0x80, 2, '}', '.', 0), "1 bytes follow STOP"),
        broken(new PickleBytes().bytes(0x80, 2, '.'), "STOP leaves something other than one"),
        broken(new PickleBytes().bytes(0x80, 2, '}', '}', '.'), "STOP leaves something other"),
        broken(new PickleBytes().bytes(0x80, 2, 'K', 1, '.'), "STOP leaves something other than"),
        broken(dictionary().bytes('.'), "STOP leaves something other than"),
        // stack and memo
        broken(new PickleBytes().bytes(0x80, 2, 's'), "0 values on the stack, expected 2"),
        broken(new PickleBytes().bytes(0x80, 2, 'u'), "no mark on the stack, expected one"),
        broken(new PickleBytes().bytes(0x80, 2, 'q', 0), "the stack is empty, expected a value"),
        broken(dictionary().bytes('R'), "the stack is empty, expected a value"),
        broken(dictionary().bytes(')', 0x86), "1 values on the stack, expected 2"),
        broken(repeated('(', 101), "more than 100 marks, expected fewer"),
        broken(repeated(')', 10_001), "more than 10000 values on the stack, expected fewer"),
        broken(repeated(')', 70).bytes('t'), "a tuple of 70, expected at most 64"),
        broken(dictionary().bytes('h', 0), "memo slot 0, expected less than 0"),
        broken(dictionary().text("a").bytes('q', 1), "memo slot 1, expected at most 0"),
        broken(
            dictionary().text("a").bytes('r', 255, 255, 255, 255),
            "memo slot 4294967295, expected at most 0"),
        broken(dictionary().bytes('j', 255, 255, 255, 127), "memo slot 2147483647, expected less"),
        // values of the wrong kind
        broken(dictionary().bytes('K', 1, 'K', 1, 'u', '.'), "1, expected a key"),
        broken(dictionary().text("a").bytes('u', '.'), "1 keys and values, expected pairs"),
        broken(dictionary().text("a").bytes('K', 1, 'u', '.'), "'a' is 1, expected a tensor"),
        broken(dictionary().text("a").bytes('}', 'u', '.'), "'a' is a dictionary, expected a"),
        broken(dictionary().text("a").bytes('}', 'R'), "a dictionary, expected a tuple of argum"),
        broken(dictionary().bytes('}', ')', 'R'), "a dictionary, expected something to call"),
        broken(dictionary().bytes(')', '}', 'b'), "sets attributes of a tuple of 0 from a dict"),
        broken(dictionary().bytes(')').text("a").bytes('N', 's'), "a tuple of 0, expected a dict"),
        broken(
            dictionary().global("collections", "OrderedDict").bytes('K', 1, 0x85, 'R'),
            "collections OrderedDict with 1 arguments, expected 0"),
        broken(
            dictionary().global("torch._utils", "_rebuild_tensor_v2").bytes(')', 'R'),
            "torch._utils _rebuild_tensor_v2 with 0 arguments, expected 6"),
        broken(
            dictionary().global("torch", "HalfStorage").bytes(')', 'R'),
            "torch HalfStorage, expected something to call"),
        broken(dictionary().bytes('N', 'Q'), "None, expected a tuple"),
        broken(dictionary().bytes(')', 'Q'), "a persistent id [], expected ('storage', a type"),
        broken(
            dictionary().bytes(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1),
            "a number of 9 bytes, expected at most 8"),
        // storages
        broken(tensor("FloatStorage", "1", 6, 0, 6, 1), "asks for storage '1', which is not there"),
        broken(
            tensor("FloatStorage", "../data/0", 6, 0, 6, 1), "asks for storage '../data/0', which"),
        broken(
            tensor("FloatStorage", "0", 7, 0, 6, 1),
            "storage '0' of F32 has 24 bytes, expected those of 7 elements"),
        broken(tensor("HalfStorage", "0", 6, 0, 6, 1), "of F16 has 24 bytes, expected those of 6"),
        broken(tensor("FloatStorage", "0", -6, 0, 6, 1), "expected those of -6 elements"),
        broken(
            tensor("FloatStorage", "0", Long.MAX_VALUE, 0, 6, 1), "F32 [9223372036854775807] has"),
        // tensors
        broken(
            tensor("FloatStorage", "0", 6, 0, 7, 1),
            "a tensor of shape [7] at element 0 of storage '0', which has 6 elements"),
        broken(tensor("FloatStorage", "0", 6, 1, 6, 1), "shape [6] at element 1 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, 7, 0, 1), "shape [0] at element 7 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, -1, 6, 1), "at element -1 of storage '0'"),
        broken(tensor("FloatStorage", "0", 6, Long.MAX_VALUE, 6, 1), "at element 9223372036854775"),
        broken(tensor("FloatStorage", "0", 6, 0, -1, 1), "of shape [-1], expected sizes from 0"),
        broken(tensor("FloatStorage", "0", 6, 0, Long.MAX_VALUE, 1), "has more than 2^63 bytes"),
        broken(
            tensor("FloatStorage", "0", 6, 0, 3, 2),
            "strides [2] of shape [3], expected those of row-major order"),
        broken(tensor("FloatStorage", "0", 6, 0, 6, 0), "strides [0] of shape [6], expected"),
        broken(
            dictionary().tensor("a", "FloatStorage", "0", 6, 0, List.of(2L, 3L), List.of(1L, 2L)),
            "strides [1, 2] of shape [2, 3], expected those of row-major order"),
        broken(
            dictionary().tensor("a", "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L, 1L)),
            "strides [1, 1] of shape [6], expected as many"),
        broken(
            dictionary()
                .tensor("a", "FloatStorage", "0", 6, 0, List.of(1L << 32, 1L << 32), List.of()),
            "F32 [4294967296, 4294967296] has more than 2^63 bytes"),
        // names
        broken(sound("").bytes('u', '.'), "name of a tensor is empty or holds control characters"),
        broken(sound("a\n").bytes('u', '.'), "name of a tensor is empty or holds control char"),
        broken(sound("n".repeat(1025)).bytes('u', '.'), "has 1025 bytes, expected at most 1024"),
        broken(
            sound("a").tensor("a", "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L)).bytes('u'),
            "tensor 'a' stands in it twice, expected once"),
        broken(dictionary().bytes('X', 1, 0, 0, 0, 0xC0, 'N', 'u'), "is not UTF-8"));
  }

  private static PickleBytes dictionary() {
    return PickleBytes.dictionary();
  }

  private static PickleBytes repeated(int opcode, int times) {
    PickleBytes pickle = new PickleBytes().bytes(0x80, 2, '(');
    for (int i = 0; i < times; i++) {
      pickle.bytes(opcode);
    }
    return pickle;
  }

  private static PickleBytes sound(String name) {
    return dictionary().tensor(name, "FloatStorage", "0", 6, 0, List.of(6L), List.of(1L));
  }

  private static PickleBytes tensor(
      String type, String key, long elements, long offset, long size, long stride) {
    return dictionary().tensor("a", type, key, elements, offset, List.of(size), List.of(stride));
  }

  private static Arguments broken(PickleBytes pickle, String message) {
    return arguments(pickle.toByteArray(), message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenPickles")
  void refusesPicklesThatDoAnythingElse(byte[] pickle, String message) {
    assertRefused(archive(pickle).toByteArray(), message);
  }

  @Test
  void refusesMoreValuesThanThePickleIsLongEnoughFor() {
    PickleBytes tuplesInTuples = dictionary().bytes(')');
    for (int i = 0; i < 50_000; i++) {
      tuplesInTuples.bytes(0x85); // one byte each
    }

    assertRefused(
        archive(tuplesInTuples.toByteArray()).toByteArray(),
        "more than 1548626 bytes of memory, expected fewer in 50005 bytes of pickle");
  }

  static Stream<Arguments> brokenArchives() {
    ZipBytes zip = archive(soundPickle());
    int end = zip.end();
    int entry = zip.entry(STORAGE);
    int header = zip.header(STORAGE);
    int sizes = zip.sizes(STORAGE);
    return Stream.of(
        // the end
        withInt(zip, end, 0x06054b51, "end of the file: no end of a zip archive in the last 22"),
        withShort(zip, end + 20, 1, "no end of a zip archive in the last 22 of"),
        withShort(zip, end + 4, 1, "is one of several parts, expected a single archive"),
        withInt(zip, end + 8, 0x00030003, "3 entries, expected 1 to 2 in a directory of 110 bytes"),
        withInt(zip, end + 8, 0, "0 entries, expected 1 to 2 in a directory of 110 bytes"),
        withShort(zip, end + 8, 1, "entries is 1, expected 2"),
        withInt(zip, end + 8, 0x00010001, "zip directory: 110 bytes for 1 entries, expected 56"),
        withInt(zip, end + 12, 111, "the directory has 111 bytes at byte"),
        withInt(zip, end + 16, -1, "at byte 4294967295, expected it to end at byte " + end),
        withInt(zip, end + 16, end, "the directory has 110 bytes at byte %d".formatted(end)),
        // the directory
        withInt(zip, entry, 0, "no whole entry at byte %d, expected entry 2".formatted(entry)),
        withShort(zip, entry + 28, 0xFFFF, "no whole entry at byte " + entry),
        withShort(zip, entry + 8, 0x0809, "entry 'm/data/0': is encrypted, expected a plain"),
        withShort(zip, entry + 8, 0x2808, "entry 'm/data/0': has the unknown flags 0x2808"),
        withShort(zip, entry + 10, 8, "is compressed by method 8 (deflate), expected method 0"),
        withShort(zip, entry + 10, 93, "is compressed by method 93, expected method 0"),
        withInt(zip, entry + 20, 25, "24 bytes are stored as 25, expected as many"),
        withInt(zip, entry + 24, -1, "its zip64 sizes are not those that its entry asks for"),
        withShort(zip, entry + 34, 1, "lies in another part of the archive, expected a single"),
        withInt(zip, entry + 42, 7, "no local header at byte 7, expected one before the directory"),
        withInt(zip, entry + 42, 0xFFFFFF00, "no local header at byte 4294967040, expected one"),
        // the local header
        withShort(zip, header + 6, 0x0800, "at byte %d has another name, method".formatted(header)),
        withShort(zip, header + 8, 8, "has another name, method or flags than the directory"),
        withShort(zip, header + 30, 'n', "has another name, method or flags than the directory"),
        withShort(zip, header + 22, 24, "has other sizes than the directory"),
        withShort(zip, header + 28, 0x4000, "24 bytes at byte"),
        withShort(zip, header + 28, 3, "its extra fields are cut off at byte"),
        // the sizes behind the data
        withInt(zip, sizes, 0, "its sizes behind the data at byte %d are not".formatted(sizes)),
        withInt(zip, sizes + 4, 0, "its sizes behind the data at byte"),
        withInt(zip, sizes + 8, 25, "its sizes behind the data at byte"),
        withInt(zip, sizes + 12, 23, "its sizes behind the data at byte"));
  }

  static Stream<Arguments> brokenWideArchives() {
    ZipBytes zip = wideArchive();
    int end = zip.end();
    int locator = end + 56;
    int fields = zip.entry(STORAGE) + 46 + "m/data/0".length();
    return Stream.of(
        withInt(zip, locator + 8, end + 1, "offset of zip64 end is %d, exp".formatted(end + 1)),
        withInt(zip, locator + 12, -1, "offset of zip64 end is 184467440694145"),
        withInt(zip, locator + 16, 2, "is one of several parts, expected a single archive"),
        withInt(zip, end, 0, "no zip64 end of a zip archive, expected one"),
        withInt(zip, end + 4, 45, "bytes of zip64 end is 45, expected 44"),
        withInt(zip, end + 24, 1, "entries is 1, expected 2"),
        withInt(zip, end + 44, 1, "the directory has 4294967462 bytes at byte 327"),
        withInt(zip, end + 52, -1, "expected it to end at byte " + end),
        withShort(zip, locator + 20 + 10, 3, "entries is 3, expected 2"),
        withInt(zip, locator + 20 + 12, 1, "bytes of directory is 1, expected 166"),
        withInt(zip, locator + 20 + 16, 1, "offset of directory is 1, expected"),
        withInt(zip, fields + 4, 25, "25 bytes are stored as 24, expected as many"),
        withInt(zip, fields + 24, 1, "no local header at byte 42949"),
        withShort(zip, fields, 2, "its zip64 sizes are not those that its entry asks for"),
        withShort(zip, fields + 2, 22, "its extra fields are cut off"),
        withShort(zip, fields + 2, 25, "its extra fields are cut off"),
        withShort(
            zip, zip.entry(STORAGE) + 24, 24, "its zip64 sizes are not those that its entry"));
  }

  private static Arguments withInt(ZipBytes zip, int at, int value, String message) {
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
    return arguments(bytes, message);
  }

  private static Arguments withShort(ZipBytes zip, int at, int value, String message) {
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(at, (short) value);
    return arguments(bytes, message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource({"brokenArchives", "brokenWideArchives"})
  void refusesBrokenArchives(byte[] archive, String message) {
    assertRefused(archive, message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/m/data/0",
        "..",
        "m/../data/0",
        "m/..",
        "m/./0",
        "m//0",
        "m/",
        "",
        "C:/m/0",
        "m\\0",
        "m/a\nb"
      })
  void refusesEntriesNamedLikeOtherPaths(String name) {
    assertRefused(
        archive(soundPickle()).add(name, "").toByteArray(),
        "is no plain name, expected folder/name without '..', '\\' or ':'");
  }

  @Test
  void refusesEntriesOfOtherFoldersAndEntriesTwice() {
    byte[] pickle = soundPickle();

    assertRefused(
        archive(pickle).add("n/data/0", "").toByteArray(),
        "zip entry 'n/data/0': lies outside of one folder that all entries are in");
    assertRefused(
        ZipBytes.narrow().add("data.pkl", pickle).toByteArray(), "'data.pkl': lies outside of one");
    assertRefused(
        archive(pickle).add("m/data/0", SIX_FLOATS).toByteArray(),
        "zip entry 'm/data/0': stands in the archive twice, expected once");
    assertRefused(
        archive(pickle).add("m/" + "n".repeat(1023), "").toByteArray(),
        "has 1025 bytes, expected at most 1024");
    assertRefused(
        ZipBytes.narrow().add("m/data/0", SIX_FLOATS).toByteArray(),
        "no entry 'm/data.pkl', expected one in a checkpoint");
  }

  @Test
  void refusesEntriesInsideOthers() {
    byte[] inner = ZipBytes.narrow().add("m/data/0", SIX_FLOATS).toByteArray();
    ZipBytes zip = ZipBytes.narrow().add("m/data.pkl", inner).add("m/data/0", SIX_FLOATS);
    int start = 30 + "m/data.pkl".length();
    byte[] bytes = zip.toByteArray();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(zip.entry(STORAGE) + 42, start);

    assertRefused(
        bytes,
        "zip entry 'm/data/0': begins at byte %d, expected byte %d or later, the end of entry"
            .formatted(start, zip.header(STORAGE)));
  }

  @Test
  void refusesOtherFormats() {
    byte[] legacy = new byte[100];
    byte[] magic = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");
    System.arraycopy(magic, 0, legacy, 0, magic.length);

    assertRefused(legacy, "format: is the one that PyTorch wrote before version 1.6, expected its");
    assertRefused(new byte[1], "no end of a zip archive in the last 22 of 1 bytes");
    assertRefused(
        archive(soundPickle()).add("m/byteorder", "big").toByteArray(),
        "zip entry 'm/byteorder': is not 'little'");
  }

  @Test
  void readsArchivesOfOtherWritersIfTheyAreStored() throws IOException {
    assertThat(parse(javaArchive(ZipEntry.STORED)).tensors().get("a").floats())
        .containsExactly(1, 2, 3, 4, 5, 6);
    assertRefused(javaArchive(ZipEntry.DEFLATED), "is compressed by method 8 (deflate)");
  }

  private static byte[] javaArchive(int method) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      var contents = Map.of("m/data.pkl", soundPickle(), "m/data/0", SIX_FLOATS);
      for (Map.Entry<String, byte[]> content : contents.entrySet()) {
        var crc = new CRC32();
        crc.update(content.getValue());
        var entry = new ZipEntry(content.getKey());
        entry.setMethod(method);
        entry.setSize(content.getValue().length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content.getValue());
      }
    }
    return bytes.toByteArray();
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

  @Test
  void damagedPicklesAreReadOrRefusedAndNothingElse() {
    int damagedFiles = 10_000;
    int refused = 0;
    byte[] pickle = soundPickle();
    for (int seed = 0; seed < damagedFiles; seed++) {
      byte[] damaged = new Mutations(seed).damage(pickle);
      refused += isRefused(archive(damaged).toByteArray(), "seed " + seed);
    }
    assertThat(refused).isBetween(damagedFiles / 2, damagedFiles - 100); // some damage is harmless
  }

  /// @return 1 if the file is refused, 0 if it is read; anything else fails
  private static int isRefused(byte[] bytes, String what) {
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

  private static void assertRefused(byte[] bytes, String message) {
    assertThatThrownBy(() -> parse(bytes))
        .isInstanceOf(MalformedModelException.class)
        .hasMessageStartingWith("m.bin: ")
        .hasMessageContaining(message);
  }

  private static TorchFile parse(byte[] bytes) {
    return TorchFile.parse(new MappedFile("m.bin", MemorySegment.ofArray(bytes)));
  }

  private static byte[] soundPickle() {
    return sound("a").end();
  }

  private static ZipBytes archive(byte[] pickle) {
    return ZipBytes.narrow().add("m/data.pkl", pickle).add("m/data/0", SIX_FLOATS);
  }

  private static ZipBytes wideArchive() {
    return ZipBytes.wide().add("m/data.pkl", soundPickle()).add("m/data/0", SIX_FLOATS);
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }
}
