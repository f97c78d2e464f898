package org.glmspark.format;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.glmspark.tensor.Tensor;

/// The tensors of a model folder: those of `model.safetensors`, or, if there is no such file, those
/// of the shards that `model.safetensors.index.json` names.
///
/// @param directory the name of the file that lists the tensors: the single file or the index
/// @param tensors views of the mapped files by name
public record SafetensorsFolder(String directory, Map<String, Tensor> tensors) {
  private static final String SINGLE_FILE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String WEIGHT_MAP = "weight_map";

  /// Nothing that could lead out of the folder or mean different files on different systems.
  private static final Pattern SHARD_NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\\.safetensors");

  public SafetensorsFolder {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /// Maps all files of a folder and checks their headers and the index.
  ///
  /// @param arena owns the mappings and with them the data of the tensors
  /// @throws MalformedModelException if a file is missing, breaks its format or contradicts the
  ///   index
  public static SafetensorsFolder open(Path folder, Arena arena) {
    if (isSingleFile(folder)) {
      SafetensorsFile file = SafetensorsFile.open(folder.resolve(SINGLE_FILE), arena);
      return new SafetensorsFolder(file.name(), file.tensors());
    }
    Map<String, String> fileOfTensor = weightMap(folder);
    requireShards(folder, fileOfTensor);
    var tensors = new LinkedHashMap<String, Tensor>();
    for (String shard : new TreeSet<>(fileOfTensor.values())) {
      SafetensorsFile file = SafetensorsFile.open(folder.resolve(shard), arena);
      requireIndexed(file, fileOfTensor);
      tensors.putAll(file.tensors());
    }
    requireFound(tensors, fileOfTensor);
    return new SafetensorsFolder(INDEX, tensors);
  }

  /// The names of the files that [#open] reads in a folder, sorted. Reads the index, not the
  /// shards.
  ///
  /// @throws MalformedModelException if there is neither a single file nor a sound index
  public static List<String> fileNames(Path folder) {
    if (isSingleFile(folder)) {
      return List.of(SINGLE_FILE);
    }
    var names = new TreeSet<>(weightMap(folder).values());
    names.add(INDEX);
    return List.copyOf(names);
  }

  private static boolean isSingleFile(Path folder) {
    return Files.exists(folder.resolve(SINGLE_FILE));
  }

  /// The file of each tensor, by the tensor's name.
  private static Map<String, String> weightMap(Path folder) {
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      throw new MalformedModelException(
          folder.toString(),
          "weights",
          "there is neither a %s nor a %s".formatted(SINGLE_FILE, INDEX));
    }
    Map<String, String> fileOfTensor = JsonObject.read(index).texts(WEIGHT_MAP);
    if (fileOfTensor.isEmpty()) {
      throw new MalformedModelException(
          INDEX, "key '" + WEIGHT_MAP + "'", "is empty, expected the file of each tensor");
    }
    fileOfTensor.forEach((tensor, shard) -> {
      if (!SHARD_NAME.matcher(shard).matches()) {
        throw new MalformedModelException(
            INDEX,
            place(tensor),
            "lies in '%s', expected the plain name of a .safetensors file in the same folder"
                .formatted(JsonObject.excerpt(shard)));
      }
    });
    return fileOfTensor;
  }

  private static void requireShards(Path folder, Map<String, String> fileOfTensor) {
    fileOfTensor.forEach((tensor, shard) -> {
      if (!Files.exists(folder.resolve(shard))) {
        throw new MalformedModelException(
            shard,
            place(tensor),
            "there is no such file in %s, but %s expects the tensor in it"
                .formatted(folder, INDEX));
      }
    });
  }

  private static void requireIndexed(SafetensorsFile shard, Map<String, String> fileOfTensor) {
    for (String tensor : shard.tensors().keySet()) {
      String expected = fileOfTensor.get(tensor);
      if (!shard.name().equals(expected)) {
        throw new MalformedModelException(
            shard.name(),
            place(tensor),
            "is in this file, but %s expects it in %s"
                .formatted(INDEX, expected == null ? "none" : expected));
      }
    }
  }

  private static void requireFound(Map<String, Tensor> tensors, Map<String, String> fileOfTensor) {
    fileOfTensor.forEach((tensor, shard) -> {
      if (!tensors.containsKey(tensor)) {
        throw new MalformedModelException(
            shard, place(tensor), "is missing, but %s expects it here".formatted(INDEX));
      }
    });
  }

  private static String place(String tensor) {
    return "tensor '" + JsonObject.excerpt(tensor) + "'";
  }
}
