package org.glmspark.format;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.glmspark.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The tensors of a model folder: those of the first of these files that is there, or, if it is an
/// index, those of the shards it names.
///
/// ```
/// model.safetensors   model.safetensors.index.json   pytorch_model.bin   pytorch_model.bin.index.json
/// ```
///
/// @param directory the name of the file that lists the tensors: the single file or the index
/// @param files the mapped files that hold the tensors
/// @param tensors views of these files by name
public record CheckpointFolder(
    String directory, List<MappedFile> files, Map<String, Tensor> tensors) {
  private static final String WEIGHT_MAP = "weight_map";

  public CheckpointFolder {
    files = List.copyOf(files);
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /// Maps all files of a folder and checks their headers and the index.
  ///
  /// @param arena owns the mappings and with them the data of the tensors
  /// @throws MalformedModelException if a file is missing, breaks its format or contradicts the
  ///   index
  public static CheckpointFolder open(Path folder, Arena arena) {
    return directory(folder).open(folder, arena);
  }

  /// The names of the files that [#open] reads in a folder, sorted. Reads the index, not the
  /// shards.
  ///
  /// @throws MalformedModelException if there is neither a single file nor a sound index
  public static List<String> fileNames(Path folder) {
    return directory(folder).fileNames(folder);
  }

  private static Directory directory(Path folder) {
    for (Kind kind : Kind.values()) {
      for (Directory directory : List.of(kind.singleFile(), kind.index())) {
        if (Files.exists(folder.resolve(directory.name()))) {
          return directory;
        }
      }
    }
    String names =
        Arrays.stream(Kind.values())
            .flatMap(kind -> Stream.of(kind.singleFile(), kind.index()))
            .map(Directory::name)
            .collect(Collectors.joining(" nor a "));
    throw new MalformedModelException(folder.toString(), "weights", "there is neither a " + names);
  }

  /// The file formats that checkpoints are published in, the preferred one first.
  private enum Kind {
    SAFETENSORS("model.safetensors", ".safetensors") {
      @Override
      Map<String, Tensor> parse(MappedFile file) {
        return SafetensorsFile.parse(file).tensors();
      }
    },
    TORCH("pytorch_model.bin", ".bin") {
      @Override
      Map<String, Tensor> parse(MappedFile file) {
        return TorchFile.parse(file).tensors();
      }
    };

    private final String fileName;
    private final String extension;

    Kind(String fileName, String extension) {
      this.fileName = fileName;
      this.extension = extension;
    }

    abstract Map<String, Tensor> parse(MappedFile file);

    Directory singleFile() {
      return new SingleFile(this, fileName);
    }

    Directory index() {
      return new Index(this, fileName + ".index.json");
    }

    /// Whether a shard has a name that can neither lead out of the folder nor mean different files
    /// on different systems.
    boolean isShardName(String name) {
      return Pattern.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}", name) && name.endsWith(extension);
    }
  }

  /// A file that lists the tensors of a checkpoint.
  private sealed interface Directory {
    String name();

    CheckpointFolder open(Path folder, Arena arena);

    List<String> fileNames(Path folder);
  }

  private record SingleFile(Kind kind, String name) implements Directory {
    @Override
    public CheckpointFolder open(Path folder, Arena arena) {
      MappedFile file = MappedFile.map(folder.resolve(name), arena);
      return new CheckpointFolder(name, List.of(file), kind.parse(file));
    }

    @Override
    public List<String> fileNames(Path folder) {
      return List.of(name);
    }
  }

  private record Index(Kind kind, String name) implements Directory {
    @Override
    public CheckpointFolder open(Path folder, Arena arena) {
      Map<String, String> fileOfTensor = weightMap(folder);
      requireShards(folder, fileOfTensor);
      var files = new ArrayList<MappedFile>();
      var tensors = new LinkedHashMap<String, Tensor>();
      for (String shard : new TreeSet<>(fileOfTensor.values())) {
        MappedFile file = MappedFile.map(folder.resolve(shard), arena);
        Map<String, Tensor> stored = kind.parse(file);
        requireIndexed(shard, stored, fileOfTensor);
        files.add(file);
        tensors.putAll(stored);
      }
      requireFound(tensors, fileOfTensor);
      return new CheckpointFolder(name, files, tensors);
    }

    @Override
    public List<String> fileNames(Path folder) {
      var names = new TreeSet<>(weightMap(folder).values());
      names.add(name);
      return List.copyOf(names);
    }

    /// The file of each tensor, by the tensor's name.
    private Map<String, String> weightMap(Path folder) {
      Map<String, String> fileOfTensor = JsonObject.read(folder.resolve(name)).texts(WEIGHT_MAP);
      if (fileOfTensor.isEmpty()) {
        throw new MalformedModelException(
            name, "key '" + WEIGHT_MAP + "'", "is empty, expected the file of each tensor");
      }
      fileOfTensor.forEach((tensor, shard) -> {
        if (!kind.isShardName(shard)) {
          throw new MalformedModelException(
              name,
              place(tensor),
              "lies in '%s', expected the plain name of a %s file in the same folder"
                  .formatted(Excerpt.of(shard), kind.extension));
        }
      });
      return fileOfTensor;
    }

    private void requireShards(Path folder, Map<String, String> fileOfTensor) {
      fileOfTensor.forEach((tensor, shard) -> {
        if (!Files.exists(folder.resolve(shard))) {
          throw new MalformedModelException(
              shard,
              place(tensor),
              "there is no such file in %s, but %s expects the tensor in it"
                  .formatted(folder, name));
        }
      });
    }

    private void requireIndexed(
        String shard, Map<String, Tensor> stored, Map<String, String> fileOfTensor) {
      for (String tensor : stored.keySet()) {
        @Nullable String expected = fileOfTensor.get(tensor);
        if (!shard.equals(expected)) {
          throw new MalformedModelException(
              shard,
              place(tensor),
              "is in this file, but %s expects it in %s"
                  .formatted(name, expected == null ? "none" : expected));
        }
      }
    }

    private void requireFound(Map<String, Tensor> tensors, Map<String, String> fileOfTensor) {
      fileOfTensor.forEach((tensor, shard) -> {
        if (!tensors.containsKey(tensor)) {
          throw new MalformedModelException(
              shard, place(tensor), "is missing, but %s expects it here".formatted(name));
        }
      });
    }

    private static String place(String tensor) {
      return "tensor " + Excerpt.quoted(tensor);
    }
  }
}
