package org.glmspark.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.glmspark.format.Excerpt;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// The tokenizer in the folder of a published model: `tokenizer.model`, which is a SentencePiece
/// model or a rank file, told apart by their content; without it `tokenizer.json`.
public final class TokenizerFolder {
  private static final String MODEL_FILE = "tokenizer.model";
  private static final String JSON_FILE = "tokenizer.json";
  private static final String CONFIG_FILE = "tokenizer_config.json";
  private static final String CODE_FILE = "tokenization_chatglm.py";

  // keys of the configuration
  private static final String NAME = "name_or_path";
  private static final String ADDED_TOKENS = "added_tokens_decoder";

  /// A tokenizer and the file that its vocabulary came from.
  public record Loaded(Tokenizer tokenizer, String file) {}

  /// What the files say about the family.
  ///
  /// @param reason a sentence that names the file and what is in it
  public record Evidence(TokenizerFamily family, String reason) {}

  private TokenizerFolder() {}

  /// The names of the files that [#load] would read, those that are there: none if there is no
  /// tokenizer.
  public static List<String> fileNames(Path folder) {
    if (Files.exists(folder.resolve(MODEL_FILE))) {
      return Stream.of(MODEL_FILE, CONFIG_FILE)
          .filter(name -> Files.exists(folder.resolve(name)))
          .toList();
    }
    return Files.exists(folder.resolve(JSON_FILE)) ? List.of(JSON_FILE) : List.of();
  }

  /// Reads the tokenizer.
  ///
  /// @param family of the model, which names the special tokens of ChatGLM
  /// @throws MalformedModelException if there is none, it is malformed, or is not of the family's
  ///   kind
  /// @throws IOException if a file cannot be read
  public static Loaded load(Path folder, TokenizerFamily family) throws IOException {
    List<String> names = fileNames(folder);
    if (names.isEmpty()) {
      throw new MalformedModelException(
          MODEL_FILE, folder.toString(), "there is neither this file nor " + JSON_FILE);
    }
    WholeFile file = WholeFile.read(folder.resolve(names.getFirst()));
    boolean pieces = file.name().equals(MODEL_FILE) && SentencePieceFile.isOne(file.bytes());
    if (pieces == (family == TokenizerFamily.GLM4)) {
      throw new MalformedModelException(
          file.name(),
          "content",
          pieces
              ? "is a SentencePiece model, expected a rank file: the model is GLM-4"
              : "is no SentencePiece model, expected one: the model is ChatGLM");
    }
    return new Loaded(tokenizer(folder, file, family), file.name());
  }

  private static Tokenizer tokenizer(Path folder, WholeFile file, TokenizerFamily family)
      throws IOException {
    if (file.name().equals(JSON_FILE)) {
      return BytePairTokenizer.parseJson(file);
    }
    return switch (family) {
      case CHATGLM2, CHATGLM3 -> SentencePieceTokenizer.parse(file, family.specialTokens());
      case GLM4 -> {
        Path config = folder.resolve(CONFIG_FILE);
        yield BytePairTokenizer.parseRanks(
            file, Files.exists(config) ? WholeFile.read(config) : null);
      }
    };
  }

  /// Which family the files point to, the plainest of them first, or null if none does. The
  /// vocabulary tells GLM-4 from ChatGLM; ChatGLM2 from ChatGLM3 only what is beside it.
  ///
  /// @throws MalformedModelException if a file is malformed
  /// @throws IOException if a file cannot be read
  public static @Nullable Evidence evidence(Path folder) throws IOException {
    List<String> names = fileNames(folder);
    if (names.isEmpty()) {
      return null;
    }
    WholeFile file = WholeFile.read(folder.resolve(names.getFirst()));
    if (file.name().equals(JSON_FILE)) {
      return new Evidence(
          TokenizerFamily.GLM4, "%s: only GLM-4 is published with it".formatted(JSON_FILE));
    }
    if (!SentencePieceFile.isOne(file.bytes())) {
      return new Evidence(TokenizerFamily.GLM4, "%s is a rank file".formatted(MODEL_FILE));
    }
    Evidence config = configEvidence(folder);
    return config == null ? codeEvidence(folder) : config;
  }

  private static @Nullable Evidence configEvidence(Path folder) throws IOException {
    Path path = folder.resolve(CONFIG_FILE);
    if (!Files.exists(path)) {
      return null;
    }
    JsonObject config = JsonObject.read(path);
    if (config.has(NAME)) {
      String name = config.text(NAME);
      TokenizerFamily named = named(name);
      if (named != null) {
        return new Evidence(
            named, "%s: %s is %s".formatted(CONFIG_FILE, NAME, Excerpt.quoted(name)));
      }
    }
    if (config.has(ADDED_TOKENS)) {
      JsonObject added = config.object(ADDED_TOKENS);
      for (String id : added.keys()) {
        if (added.object(id).text("content").equals("<|user|>")) {
          return new Evidence(
              TokenizerFamily.CHATGLM3,
              "%s: %s has '<|user|>'".formatted(CONFIG_FILE, ADDED_TOKENS));
        }
      }
    }
    return null;
  }

  private static @Nullable TokenizerFamily named(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.contains("chatglm2")) {
      return TokenizerFamily.CHATGLM2;
    }
    return lower.contains("chatglm3") ? TokenizerFamily.CHATGLM3 : null;
  }

  /// The code that the makers publish, which is read as text and never run.
  private static @Nullable Evidence codeEvidence(Path folder) throws IOException {
    Path path = folder.resolve(CODE_FILE);
    if (!Files.exists(path)) {
      return null;
    }
    String code = new String(WholeFile.read(path).bytes(), StandardCharsets.UTF_8);
    if (code.contains("<|user|>")) {
      return new Evidence(TokenizerFamily.CHATGLM3, "%s has '<|user|>'".formatted(CODE_FILE));
    }
    return code.contains("[gMASK]")
        ? new Evidence(
            TokenizerFamily.CHATGLM2, "%s has '[gMASK]' and no '<|user|>'".formatted(CODE_FILE))
        : null;
  }
}
