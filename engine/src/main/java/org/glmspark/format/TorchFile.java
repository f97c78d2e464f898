package org.glmspark.format;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.glmspark.tensor.Tensor;

/// A checkpoint that PyTorch's `torch.save` wrote: a zip archive of raw storages and a pickle that
/// says which tensors lie in them.
///
/// ```
/// name/data.pkl ──▶ CheckpointPickle ──▶ tensor 'norm.weight': storage 7, offset, shape, strides
/// name/data/7   ───────────────────────────▶ its data
/// name/byteorder    must be `little` where it is there
/// ```
///
/// The file is not trusted: a pickle is a program, and this one runs in an interpreter that can
/// make nothing but tensors. Nothing is looked up at an offset, and nothing is allocated by a size,
/// that was not compared with the file before.
///
/// Source: <https://github.com/pytorch/pytorch/blob/v2.8.0/torch/serialization.py>
///
/// @param name the file's name without its folder, for messages
/// @param tensors views of the mapped file by name, in the order of the pickle
public record TorchFile(String name, Map<String, Tensor> tensors) {

  /// How the files of PyTorch before 1.6 begin: a pickle of the number 0x1950a86a20f9469cfc6c.
  private static final byte[] LEGACY_START = HexFormat.of().parseHex("80028a0a6cfc9c46f920");

  private static final String PICKLE = "data.pkl";
  private static final String BYTE_ORDER = "byteorder";
  private static final byte[] LITTLE = "little".getBytes(StandardCharsets.US_ASCII);

  public TorchFile {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /// Checks the archive of a file and runs its pickle.
  ///
  /// @throws MalformedModelException if the file breaks the format, or if its pickle asks for
  ///   anything other than tensors of row-major order inside their storages
  static TorchFile parse(MappedFile file) {
    if (isLegacy(file.data())) {
      throw new MalformedModelException(
          file.name(),
          "format",
          "is the one that PyTorch wrote before version 1.6, expected its zip archive; torch.load"
              + " and torch.save of a newer PyTorch turn it into one");
    }
    StoredZip zip = StoredZip.read(file);
    MemorySegment order = zip.entries().get(BYTE_ORDER);
    if (order != null && order.mismatch(MemorySegment.ofArray(LITTLE)) >= 0) {
      throw new MalformedModelException(
          file.name(), "zip entry '%s/%s'".formatted(zip.folder(), BYTE_ORDER), "is not 'little'");
    }
    MemorySegment pickle = zip.entries().get(PICKLE);
    if (pickle == null) {
      throw new MalformedModelException(
          file.name(),
          "zip directory",
          "no entry '%s/%s', expected one in a checkpoint".formatted(zip.folder(), PICKLE));
    }
    return new TorchFile(file.name(), new CheckpointPickle(file, pickle, zip.entries()).run());
  }

  private static boolean isLegacy(MemorySegment data) {
    return data.byteSize() >= LEGACY_START.length
        && data.asSlice(0, LEGACY_START.length).mismatch(MemorySegment.ofArray(LEGACY_START)) < 0;
  }
}
