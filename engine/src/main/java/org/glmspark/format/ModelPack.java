package org.glmspark.format;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.glmspark.format.PackPart.Layout;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A pack file, mapped: its parts are views of the file, nothing is copied. [PackHeader] is the
/// format.
///
/// Opening compares the file's size and the digest of the header with what the header says. Whether
/// the parts have the digests that the header gives them takes reading all of them, by [#verify].
public final class ModelPack {
  /// What pack files are called.
  public static final String EXTENSION = ".glmpack";

  private static final int DIGEST_BYTES = 1 << 24;

  private final MappedFile file;
  private final PackHeader header;
  private final Map<String, Located> parts;

  private record Located(PackPart part, MemorySegment data) {}

  private ModelPack(MappedFile file, PackHeader header, Map<String, Located> parts) {
    this.file = file;
    this.header = header;
    this.parts = parts;
  }

  /// Whether a path is meant to be a pack: a file with the extension of one, or with its beginning.
  public static boolean isOne(Path path) {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    if (path.toString().endsWith(EXTENSION)) {
      return true;
    }
    try (InputStream start = Files.newInputStream(path)) {
      return PackHeader.isOne(MemorySegment.ofArray(start.readNBytes(PackHeader.ALIGNMENT)));
    } catch (IOException _) {
      return false; // whoever opens it is told
    }
  }

  /// Maps a pack and checks its header.
  ///
  /// @param arena owns the mapping and with it the data of all parts
  /// @throws MalformedModelException if it is missing, no pack, of another version, cut off or
  ///   damaged
  public static ModelPack open(Path path, Arena arena) {
    return parse(MappedFile.map(path, arena));
  }

  static ModelPack parse(MappedFile file) {
    PackHeader.Located located = PackHeader.parse(file.name(), file.data());
    PackHeader header = located.header();
    var parts = new LinkedHashMap<String, Located>();
    for (int i = 0; i < header.parts().size(); i++) {
      PackPart part = header.parts().get(i);
      MemorySegment data = file.data().asSlice(located.offsets().get(i), part.bytes());
      parts.put(part.name(), new Located(part, data));
    }
    return new ModelPack(file, header, Collections.unmodifiableMap(parts));
  }

  /// The mapped file.
  public MappedFile file() {
    return file;
  }

  /// What the file says about itself.
  public PackHeader header() {
    return header;
  }

  /// The bytes of a part of layout [Layout#FILE]; null if there is none of this name.
  public @Nullable MemorySegment content(String name) {
    Located part = find(name, Layout.FILE);
    return part == null ? null : part.data();
  }

  /// A part of layout [Layout#ROWS]; null if there is none of this name.
  public @Nullable Tensor rows(String name) {
    Located found = find(name, Layout.ROWS);
    return found == null
        ? null
        : new Tensor(
            name, file.name(), found.part().dtype(), found.part().longShape(), found.data());
  }

  /// A part of layout [Layout#STRIPS]; null if there is none of this name.
  public @Nullable StripMatrix strips(String name) {
    Located found = find(name, Layout.STRIPS);
    if (found == null) {
      return null;
    }
    PackPart part = found.part();
    return new StripMatrix(
        name, part.weightType(), part.shape().getFirst(), part.shape().getLast(), found.data());
  }

  private @Nullable Located find(String name, Layout layout) {
    Located found = parts.get(name);
    return found == null || found.part().layout() != layout ? null : found;
  }

  /// Reads all of a pack, on all cores, and compares its parts with their digests: for a pack that
  /// was copied.
  ///
  /// @throws MalformedModelException if a part was changed, and as [#open]
  public static void verify(Path path) {
    try (Arena arena = Arena.ofShared()) {
      ModelPack pack = open(path, arena);
      pack.parts.values().parallelStream().forEach(found -> verify(pack.file.name(), found));
    }
  }

  private static void verify(String file, Located found) {
    String digest = digest(found.data());
    if (!digest.equals(found.part().sha256())) {
      throw found
          .part()
          .malformed(
              file,
              "has the SHA-256 %s, expected %s; the file was damaged"
                  .formatted(digest, found.part().sha256()));
    }
  }

  private static String digest(MemorySegment data) {
    MessageDigest sha256 = PackHeader.sha256();
    for (long start = 0; start < data.byteSize(); start += DIGEST_BYTES) {
      long bytes = Math.min(DIGEST_BYTES, data.byteSize() - start);
      sha256.update(data.asSlice(start, bytes).asByteBuffer());
    }
    return HexFormat.of().formatHex(sha256.digest());
  }
}
