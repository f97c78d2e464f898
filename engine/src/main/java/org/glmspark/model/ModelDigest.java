package org.glmspark.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.GgufFile;
import org.glmspark.format.MalformedModelException;
import org.glmspark.format.MappedFile;
import org.glmspark.format.ModelPack;
import org.glmspark.tokenizer.TokenizerFiles;

/// The identity of a model: equal exactly if all files that make it are equal, wherever the folder
/// lies, whatever else is in it, and whenever it was written.
///
/// For a folder the files are `config.json`; the files of the checkpoint, an index included; and
/// those of the tokenizer. For a GGUF file it is that file, or its parts, under the names `part-1`,
/// `part-2` and so on. Each gives a line, in ascending order of names, that ends with a line feed:
///
/// ```
/// <SHA-256 of the content, hexadecimal>  <size in bytes>  <name>
/// ```
///
/// The digest is the SHA-256 of these lines in UTF-8, in hexadecimal with lower case letters.
///
/// A pack has another digest than the files it was made of,
/// [org.glmspark.format.PackHeader#digest]: what is computed with it depends on its weight types,
/// but not on how its files were laid out.
public final class ModelDigest {
  private static final int BUFFER_BYTES = 1 << 20;

  private ModelDigest() {}

  /// Reads all these files, several at a time. A pack says itself what its digest is.
  ///
  /// @param path the model's folder, GGUF file or pack
  /// @throws MalformedModelException if one of them is missing or cannot be read
  public static String of(Path path) {
    if (ModelPack.isOne(path)) {
      try (Arena arena = Arena.ofConfined()) {
        return ModelPack.open(path, arena).header().digest();
      }
    }
    SortedMap<String, Path> files = files(path);
    String lines =
        files.entrySet().parallelStream()
            .map(file -> line(file.getKey(), file.getValue()))
            .collect(Collectors.joining());
    return HexFormat.of().formatHex(sha256().digest(lines.getBytes(StandardCharsets.UTF_8)));
  }

  /// The identity of a model whose weights are made, not read: of what they are made from, and of
  /// the files of its tokenizer.
  ///
  /// @param weights the first line; says what determines them
  /// @param files a line for each, as above
  static String of(String weights, Map<String, MemorySegment> files) {
    String lines =
        new TreeMap<>(files)
            .entrySet().stream()
                .map(file -> {
                  MessageDigest digest = sha256();
                  digest.update(file.getValue().asByteBuffer());
                  return line(digest, file.getValue().byteSize(), file.getKey());
                })
                .collect(Collectors.joining("", weights + "\n", ""));
    return HexFormat.of().formatHex(sha256().digest(lines.getBytes(StandardCharsets.UTF_8)));
  }

  /// Tells whether the files of a model were exchanged, without reading them: the SHA-256, in
  /// hexadecimal, of where they are, of their sizes and of when they were changed. It is for one
  /// machine.
  ///
  /// @param path the model's folder or GGUF file
  /// @throws MalformedModelException if one of them is missing
  public static String fingerprint(Path path) {
    SortedMap<String, Path> files = files(path);
    if (Files.isDirectory(path)) {
      for (String name : List.of(PublishedModel.GENERATION_CONFIG, TokenizerFiles.CODE_FILE)) {
        Path file = path.resolve(name);
        if (Files.exists(file)) {
          files.put(name, file);
        }
      }
    }
    String lines = files.values().stream().map(ModelDigest::stamp).collect(Collectors.joining());
    return HexFormat.of().formatHex(sha256().digest(lines.getBytes(StandardCharsets.UTF_8)));
  }

  private static String stamp(Path file) {
    try {
      return "%d  %s  %s%n"
          .formatted(
              Files.size(file), Files.getLastModifiedTime(file).toInstant(), file.toRealPath());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static MalformedModelException unreadable(Path file, IOException e) {
    return new MalformedModelException(
        String.valueOf(file.getFileName()), "in " + file.getParent(), "cannot be read: " + e, e);
  }

  private static SortedMap<String, Path> files(Path path) {
    return Files.isDirectory(path) ? folder(path) : parts(path);
  }

  private static SortedMap<String, Path> folder(Path folder) {
    var names = new ArrayList<>(CheckpointFolder.fileNames(folder));
    names.add(ConfigFile.NAME);
    names.addAll(TokenizerFiles.names(folder));
    var files = new TreeMap<String, Path>();
    names.forEach(name -> files.put(name, folder.resolve(name)));
    return files;
  }

  private static SortedMap<String, Path> parts(Path path) {
    var files = new TreeMap<String, Path>();
    try (Arena arena = Arena.ofConfined()) {
      for (MappedFile part : GgufFile.open(path, arena).files()) {
        files.put("part-" + (files.size() + 1), path.resolveSibling(part.name()));
      }
    }
    return files;
  }

  private static String line(String name, Path path) {
    MessageDigest digest = sha256();
    long bytes = 0;
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
      while (file.read(buffer) >= 0) {
        bytes += buffer.position();
        digest.update(buffer.flip());
        buffer.clear();
      }
    } catch (IOException e) {
      throw unreadable(path, e);
    }
    return line(digest, bytes, name);
  }

  private static String line(MessageDigest digest, long bytes, String name) {
    return HexFormat.of().formatHex(digest.digest()) + "  " + bytes + "  " + name + "\n";
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
