package org.glmspark.format;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import org.glmspark.tensor.Tensor;

/// Joins the parts of a GGUF file that was split: `NAME-00001-of-00003.gguf` and the others in the
/// same folder. The first one has the metadata of the model, each says which one it is.
///
/// Source: `tools/gguf-split` of <https://github.com/ggml-org/llama.cpp>
final class GgufSplit {
  private static final String COUNT = "split.count";
  private static final String NUMBER = "split.no";
  private static final String TENSOR_COUNT = "split.tensors.count";
  private static final int MAX_PARTS = 65_535; // the keys hold 16 bits

  private GgufSplit() {}

  /// Whether a file is one of several parts.
  static boolean isSplit(GgufFile file) {
    return file.metadata().has(COUNT) && count(file) > 1;
  }

  /// All parts as one.
  ///
  /// @param first the part that `path` names
  static GgufFile join(GgufFile first, Path path, Arena arena) {
    List<Path> paths = paths(first, path);
    var files = new ArrayList<>(first.files());
    var tensors = new LinkedHashMap<>(first.tensors());
    for (int i = 1; i < paths.size(); i++) {
      GgufFile part = GgufFile.parse(MappedFile.map(paths.get(i), arena));
      requirePart(part, i, first);
      files.addAll(part.files());
      for (Tensor tensor : part.tensors().values()) {
        Tensor other = tensors.putIfAbsent(tensor.name(), tensor);
        if (other != null) {
          throw new MalformedModelException(
              part.name(), GgufFile.place(tensor.name()), "is in " + other.file() + " too");
        }
      }
    }
    requireCount(first, tensors.size());
    return new GgufFile(files, first.version(), first.metadata(), tensors);
  }

  private static int count(GgufFile file) {
    return file.metadata().integer(COUNT, 0, MAX_PARTS);
  }

  private static int number(GgufFile file) {
    return file.metadata().integer(NUMBER, 0, MAX_PARTS - 1);
  }

  /// Where the parts lie. Their names differ from that of the first in the number alone.
  private static List<Path> paths(GgufFile file, Path path) {
    int count = count(file);
    int number = number(file);
    String ending = ending(number, count);
    if (!file.name().endsWith(ending)) {
      throw new MalformedModelException(
          file.name(),
          "name",
          "the file is number %d of %d parts (%s, %s), expected a name that ends in %s"
              .formatted(number + 1, count, NUMBER, COUNT, ending));
    }
    String stem = file.name().substring(0, file.name().length() - ending.length());
    if (number > 0) {
      throw file.metadata()
          .unexpected(
              NUMBER,
              "0, that of the first part; name %s instead".formatted(stem + ending(0, count)));
    }
    var paths = new ArrayList<Path>();
    for (int i = 0; i < count; i++) {
      Path part = path.resolveSibling(stem + ending(i, count));
      if (!Files.exists(part)) {
        throw new MalformedModelException(
            part.toString(),
            "part %d of %d".formatted(i + 1, count),
            "there is no such file, but %s needs it (%s)".formatted(file.name(), COUNT));
      }
      paths.add(part);
    }
    return paths;
  }

  private static String ending(int number, int count) {
    return String.format(Locale.ROOT, "-%05d-of-%05d.gguf", number + 1, count);
  }

  private static void requirePart(GgufFile part, int number, GgufFile first) {
    if (number(part) != number) {
      throw part.metadata().unexpected(NUMBER, "%d by the file's name".formatted(number));
    }
    if (count(part) != count(first)) {
      throw part.metadata().unexpected(COUNT, "%d as in %s".formatted(count(first), first.name()));
    }
  }

  private static void requireCount(GgufFile first, int tensors) {
    if (first.metadata().has(TENSOR_COUNT)
        && first.metadata().integer(TENSOR_COUNT, 0, Integer.MAX_VALUE) != tensors) {
      throw first
          .metadata()
          .unexpected(TENSOR_COUNT, "%d, as many as the parts hold".formatted(tensors));
    }
  }
}
