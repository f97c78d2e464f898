package org.glmspark.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.glmspark.format.CheckpointFolder;
import org.glmspark.format.MalformedModelException;

/// The identity of a model: equal exactly if all files that make it are equal, wherever the folder
/// lies, whatever else is in it, and whenever it was written.
///
/// The files are `config.json`; those of the tensors, which are `model.safetensors`, or, without
/// it, `model.safetensors.index.json` and the shards it names, or, without these,
/// `pytorch_model.bin` or `pytorch_model.bin.index.json` and its shards; `tokenizer.model`; and
/// `tokenizer_config.json` where there is a `tokenizer.model`. Each gives a line, in ascending
/// order of names, that ends with a line feed:
///
/// ```
/// <SHA-256 of the content, hexadecimal>  <size in bytes>  <name>
/// ```
///
/// The digest is the SHA-256 of these lines in UTF-8, in hexadecimal with lower case letters.
public final class ModelDigest {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final String TOKENIZER_CONFIG_FILE = "tokenizer_config.json";

  private ModelDigest() {}

  /// Reads all these files, several at a time.
  ///
  /// @throws MalformedModelException if one of them is missing or cannot be read
  public static String of(Path folder) {
    var names = new TreeSet<>(CheckpointFolder.fileNames(folder));
    names.add(ConfigFile.NAME);
    if (Files.exists(folder.resolve(ModelLoader.TOKENIZER_FILE))) {
      names.add(ModelLoader.TOKENIZER_FILE);
      if (Files.exists(folder.resolve(TOKENIZER_CONFIG_FILE))) {
        names.add(TOKENIZER_CONFIG_FILE);
      }
    }
    String lines =
        names.parallelStream().map(name -> line(folder, name)).collect(Collectors.joining());
    return HexFormat.of().formatHex(sha256().digest(lines.getBytes(StandardCharsets.UTF_8)));
  }

  private static String line(Path folder, String name) {
    MessageDigest digest = sha256();
    long bytes = 0;
    try (FileChannel file = FileChannel.open(folder.resolve(name), StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
      while (file.read(buffer) >= 0) {
        bytes += buffer.position();
        digest.update(buffer.flip());
        buffer.clear();
      }
    } catch (IOException e) {
      throw new MalformedModelException(name, "in " + folder, "cannot be read: " + e, e);
    }
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
