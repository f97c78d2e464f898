package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;

/// The parsers of model files, for fuzzers: each takes the content of a file.
public final class FormatParsers {
  private static final String FILE = "fuzz";
  private static final byte[] STORAGE = new byte[24];

  private FormatParsers() {}

  public static void safetensors(byte[] content) {
    SafetensorsFile.parse(file(content));
  }

  public static void torch(byte[] content) {
    TorchFile.parse(file(content));
  }

  /// The content is the pickle of a checkpoint, with the storage `0` of 24 bytes in its archive.
  public static void pickle(byte[] content) {
    TorchFile.parse(
        file(
            ZipBytes.narrow()
                .add("m/data.pkl", content)
                .add("m/data/0", STORAGE)
                .add("m/byteorder", "little".getBytes(StandardCharsets.US_ASCII))
                .toByteArray()));
  }

  /// One part, if the file says that it is one of several.
  public static GgufFile gguf(byte[] content) {
    return GgufFile.parse(file(content));
  }

  public static ModelPack pack(byte[] content) {
    return ModelPack.parse(file(content));
  }

  /// A pack whose header says `json`, and nothing else.
  public static byte[] packHeader(String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(16 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("GLMPACK\0".getBytes(StandardCharsets.US_ASCII))
        .putInt(PackHeader.VERSION)
        .putInt(text.length)
        .put(text)
        .array();
  }

  /// An archive as of [#torch] with many entries of a few bytes.
  public static byte[] manyEntries(int count) {
    ZipBytes zip = ZipBytes.narrow();
    for (int i = 0; i < count; i++) {
      zip.add("m/" + Integer.toString(i, Character.MAX_RADIX), "");
    }
    return zip.toByteArray();
  }

  /// Pickles as of [#pickle] that make as many values as their bytes can, by what they make.
  public static Map<String, byte[]> densePickles(int bytes) {
    return Map.of(
        "tensors of many dimensions",
        densePickle(bytes, 'h', 1, 'h', 2, 'R'),
        "storages",
        densePickle(bytes, 'h', 3, 'Q'),
        "tuples in tuples",
        densePickle(bytes, 'K', 1, 0x85, 0x85, 0x85),
        "large tuples",
        densePickle(bytes, '(', 'h', 0, 'h', 0, 'h', 0, 'h', 0, 't'),
        "numbers",
        densePickle(bytes, 'M', 0, 1),
        "texts",
        densePickle(bytes, 'X', 0, 0, 0, 0),
        "classes",
        densePickle(bytes, "ctorch\nIntStorage\n".chars().toArray()));
  }

  /// Sets the entries of a dictionary that nobody needs to the same value again and again: text in
  /// slot 0, the function that makes tensors in 1, arguments for it in 2 and a storage's id in 3.
  private static byte[] densePickle(int bytes, int... value) {
    PickleBytes pickle =
        new PickleBytes()
            .bytes(0x80, 2, '}', '}')
            .text("")
            .bytes('q', 0)
            .global("torch._utils", "_rebuild_tensor_v2")
            .bytes('q', 1, 's', 'h', 0, '(', '(')
            .text("storage")
            .global("torch", "ByteStorage")
            .text("0")
            .text("cpu")
            .number(STORAGE.length)
            .bytes('t')
            .bytes('q', 2) // the slots follow each other
            .bytes('q', 3, 'Q', 'K', 0)
            .tuple(Collections.nCopies(64, 1L))
            .tuple(Collections.nCopies(64, 1L))
            .bytes(0x89, '}', 't', 'q', 2, 's');
    while (pickle.toByteArray().length < bytes) {
      for (int i = 0; i < 100_000; i++) {
        pickle.bytes('h', 0).bytes(value).bytes('s');
      }
    }
    return pickle.toByteArray();
  }

  private static MappedFile file(byte[] content) {
    return new MappedFile(FILE, MemorySegment.ofArray(content));
  }
}
