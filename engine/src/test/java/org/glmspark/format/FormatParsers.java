package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

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

  private static MappedFile file(byte[] content) {
    return new MappedFile(FILE, MemorySegment.ofArray(content));
  }
}
