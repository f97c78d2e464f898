package org.glmspark.format;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.glmspark.tensor.DType;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.tensor.WeightType;

/// One part of a pack, as the header describes it.
///
/// @param name unique in its pack
/// @param layout how its bytes are arranged
/// @param type of its elements: of a [Layout#FILE] `bytes`, of [Layout#ROWS] the name of a [DType],
///   of [Layout#STRIPS] the option name of a [WeightType]
/// @param shape from the outermost dimension to the innermost, each at least 1
/// @param sha256 of its bytes, hexadecimal with lower case letters
public record PackPart(
    String name, Layout layout, String type, List<Integer> shape, String sha256) {

  /// The digest of a part that is not written yet.
  public static final String NO_DIGEST = "0".repeat(64);

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}");
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final String BYTES = "bytes";

  /// How the bytes of a part are arranged.
  public enum Layout {
    /// The content of a file.
    FILE,
    /// One row after the other, as a [org.glmspark.tensor.Tensor].
    ROWS,
    /// Strips of 16 interleaved rows, as a [StripMatrix].
    STRIPS;

    String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public PackPart {
    shape = List.copyOf(shape);
  }

  /// The content of a file.
  public static PackPart file(String name, int bytes) {
    return new PackPart(name, Layout.FILE, BYTES, List.of(bytes), NO_DIGEST);
  }

  /// A vector or a table whose rows are read one by one.
  public static PackPart rows(String name, DType type, List<Integer> shape) {
    return new PackPart(name, Layout.ROWS, type.name(), shape, NO_DIGEST);
  }

  /// A matrix in kernel layout.
  public static PackPart strips(String name, WeightType type, int rows, int columns) {
    return new PackPart(name, Layout.STRIPS, type.optionName(), List.of(rows, columns), NO_DIGEST);
  }

  /// The same part with the digest of its bytes.
  public PackPart withDigest(String digest) {
    return new PackPart(name, layout, type, shape, digest);
  }

  /// Reads an entry of the header.
  ///
  /// @param file the pack's name, for messages
  static PackPart read(String file, JsonObject json) {
    String name = json.text("name");
    if (!NAME.matcher(name).matches()) {
      throw json.unexpected("name", "letters, digits and _ . / - only, at most 100");
    }
    if (!SHA_256.matcher(json.text("sha256")).matches()) {
      throw json.unexpected("sha256", "64 hexadecimal digits");
    }
    PackPart part =
        new PackPart(
            name,
            layout(json),
            json.text("type"),
            json.integers("shape", 1, Integer.MAX_VALUE),
            json.text("sha256"));
    part.check(file, json);
    return part;
  }

  private static Layout layout(JsonObject json) {
    String found = json.text("layout");
    return Arrays.stream(Layout.values())
        .filter(layout -> layout.key().equals(found))
        .findAny()
        .orElseThrow(() -> json.unexpected("layout", "file, rows or strips"));
  }

  private void check(String file, JsonObject json) {
    int dimensions = shape.size();
    switch (layout) {
      case FILE -> {
        if (!type.equals(BYTES)) {
          throw json.unexpected("type", BYTES);
        }
        requireDimensions(file, dimensions == 1, "1 dimension");
      }
      case ROWS -> {
        if (Arrays.stream(DType.values()).noneMatch(known -> known.name().equals(type))
            || !dtype().decodesToFloats()) {
          throw json.unexpected("type", "a type that decodes to floats");
        }
        requireDimensions(file, dimensions == 1 || dimensions == 2, "1 or 2 dimensions");
        requireBlocks(file);
      }
      case STRIPS -> {
        if (Arrays.stream(WeightType.values())
            .noneMatch(known -> known.optionName().equals(type))) {
          throw json.unexpected(
              "type",
              Arrays.stream(WeightType.values())
                  .map(WeightType::optionName)
                  .collect(Collectors.joining(" or ")));
        }
        requireDimensions(file, dimensions == 2, "2 dimensions");
      }
    }
  }

  private void requireDimensions(String file, boolean holds, String expected) {
    if (!holds) {
      throw malformed(file, "is %s, expected %s".formatted(shape, expected));
    }
  }

  private void requireBlocks(String file) {
    int block = dtype().blockElements();
    if (shape.getLast() % block != 0) {
      throw malformed(
          file,
          "has %d columns, expected a multiple of %d, the block of %s"
              .formatted(shape.getLast(), block, type));
    }
  }

  /// The type of [Layout#ROWS].
  DType dtype() {
    return DType.valueOf(type);
  }

  /// The type of [Layout#STRIPS].
  WeightType weightType() {
    return Arrays.stream(WeightType.values())
        .filter(known -> known.optionName().equals(type))
        .findAny()
        .orElseThrow();
  }

  /// How many bytes it takes; they follow from type and shape, and fit a long by far.
  public long bytes() {
    return switch (layout) {
      case FILE -> shape.getFirst();
      case ROWS -> dtype().bytes(longShape());
      case STRIPS ->
          StripMatrix.strips(shape.getFirst()) * weightType().stripBytes(shape.getLast());
    };
  }

  List<Long> longShape() {
    return shape.stream().map(Integer::longValue).toList();
  }

  MalformedModelException malformed(String file, String problem) {
    return new MalformedModelException(file, "part '" + name + "'", problem);
  }
}
