package org.glmspark.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.glmspark.format.Excerpt;
import org.glmspark.format.JsonObject;
import org.glmspark.format.MalformedModelException;
import org.jspecify.annotations.Nullable;

/// The files of a published model's tokenizer: `tokenizer.model`, which is a SentencePiece model or
/// a rank file, told apart by their content; without it `tokenizer.json`. Beside them stands what
/// tells special tokens and family.
public final class TokenizerFiles {
  private static final String MODEL_FILE = "tokenizer.model";
  private static final String JSON_FILE = "tokenizer.json";
  private static final String CONFIG_FILE = "tokenizer_config.json";

  /// The makers' code, which may stand beside the files and tell of the family.
  public static final String CODE_FILE = "tokenization_chatglm.py";

  /// In the order above.
  private final Map<String, WholeFile> files;

  private TokenizerFiles(Map<String, WholeFile> files) {
    this.files = files;
  }

  // keys of the configuration
  private static final String NAME = "name_or_path";
  private static final String ADDED_TOKENS = "added_tokens_decoder";

  /// A tokenizer and the file that its vocabulary came from.
  public record Loaded(Tokenizer tokenizer, String file) {}

  /// What the files say about the family.
  ///
  /// @param reason a sentence that names the file and what is in it
  public record Evidence(TokenizerFamily family, String reason) {}

  /// Reads those of the files that are in a folder.
  ///
  /// @throws MalformedModelException if one is absurdly large
  /// @throws IOException if one cannot be read
  public static TokenizerFiles read(Path folder) throws IOException {
    var names = new ArrayList<>(names(folder));
    if (names.contains(MODEL_FILE) && Files.exists(folder.resolve(CODE_FILE))) {
      names.add(CODE_FILE);
    }
    var files = new LinkedHashMap<String, WholeFile>();
    for (String name : names) {
      files.put(name, WholeFile.read(folder.resolve(name)));
    }
    return new TokenizerFiles(files);
  }

  /// The same files where they are in memory already.
  ///
  /// @param contents by name; not to be changed
  public static TokenizerFiles of(Map<String, byte[]> contents) {
    var files = new LinkedHashMap<String, WholeFile>();
    for (String name : List.of(MODEL_FILE, JSON_FILE, CONFIG_FILE, CODE_FILE)) {
      byte[] bytes = contents.get(name);
      if (bytes != null) {
        files.put(name, new WholeFile(name, bytes));
      }
    }
    return new TokenizerFiles(files);
  }

  /// The names of the files in a folder that a tokenizer is made of: none if there is no tokenizer.
  public static List<String> names(Path folder) {
    if (Files.exists(folder.resolve(MODEL_FILE))) {
      return Stream.of(MODEL_FILE, CONFIG_FILE)
          .filter(name -> Files.exists(folder.resolve(name)))
          .toList();
    }
    return Files.exists(folder.resolve(JSON_FILE)) ? List.of(JSON_FILE) : List.of();
  }

  /// The names of those that a tokenizer is made of: none if there is no tokenizer.
  public List<String> names() {
    return files.keySet().stream().filter(name -> !name.equals(CODE_FILE)).toList();
  }

  /// All of them by name. Shared, not copied.
  public Map<String, byte[]> contents() {
    var contents = new LinkedHashMap<String, byte[]>();
    files.forEach((name, file) -> contents.put(name, file.bytes()));
    return Collections.unmodifiableMap(contents);
  }

  /// The tokenizer.
  ///
  /// @param family of the model, which names the special tokens of ChatGLM
  /// @throws MalformedModelException if there is none, it is malformed, or is not of the family's
  ///   kind
  public Loaded load(TokenizerFamily family) {
    WholeFile file = vocabulary();
    if (file == null) {
      throw new MalformedModelException(
          MODEL_FILE, "tokenizer", "there is neither this file nor " + JSON_FILE);
    }
    boolean pieces = isSentencePiece(file);
    if (pieces == (family == TokenizerFamily.GLM4)) {
      throw new MalformedModelException(
          file.name(),
          "content",
          pieces
              ? "is a SentencePiece model, expected a rank file: the model is GLM-4"
              : "is no SentencePiece model, expected one: the model is ChatGLM");
    }
    return new Loaded(tokenizer(file, family), file.name());
  }

  private @Nullable WholeFile vocabulary() {
    WholeFile model = files.get(MODEL_FILE);
    return model == null ? files.get(JSON_FILE) : model;
  }

  private static boolean isSentencePiece(WholeFile file) {
    return file.name().equals(MODEL_FILE) && SentencePieceFile.isOne(file.bytes());
  }

  private Tokenizer tokenizer(WholeFile file, TokenizerFamily family) {
    if (file.name().equals(JSON_FILE)) {
      return BytePairTokenizer.parseJson(file);
    }
    return switch (family) {
      case CHATGLM2, CHATGLM3 -> SentencePieceTokenizer.parse(file, family.specialTokens());
      case GLM4 -> BytePairTokenizer.parseRanks(file, files.get(CONFIG_FILE));
    };
  }

  /// Which family the files point to, the plainest of them first, or null if none does. The
  /// vocabulary tells GLM-4 from ChatGLM; ChatGLM2 from ChatGLM3 only what is beside it.
  ///
  /// @throws MalformedModelException if a file is malformed
  public @Nullable Evidence evidence() {
    WholeFile file = vocabulary();
    if (file == null) {
      return null;
    }
    if (file.name().equals(JSON_FILE)) {
      return new Evidence(
          TokenizerFamily.GLM4, "%s: only GLM-4 is published with it".formatted(JSON_FILE));
    }
    if (!isSentencePiece(file)) {
      return new Evidence(TokenizerFamily.GLM4, "%s is a rank file".formatted(MODEL_FILE));
    }
    Evidence config = configEvidence();
    return config == null ? codeEvidence() : config;
  }

  private @Nullable Evidence configEvidence() {
    WholeFile file = files.get(CONFIG_FILE);
    if (file == null) {
      return null;
    }
    JsonObject config = JsonObject.parse(file.name(), file.bytes());
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
  private @Nullable Evidence codeEvidence() {
    WholeFile file = files.get(CODE_FILE);
    if (file == null) {
      return null;
    }
    String code = new String(file.bytes(), StandardCharsets.UTF_8);
    if (code.contains("<|user|>")) {
      return new Evidence(TokenizerFamily.CHATGLM3, "%s has '<|user|>'".formatted(CODE_FILE));
    }
    return code.contains("[gMASK]")
        ? new Evidence(
            TokenizerFamily.CHATGLM2, "%s has '[gMASK]' and no '<|user|>'".formatted(CODE_FILE))
        : null;
  }
}
