package org.glmspark.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.glmspark.tokenizer.TokenizerFiles;
import org.jspecify.annotations.Nullable;

/// The tokenizer in the files of a published folder.
record FileTokenizer(TokenizerFiles tokenizerFiles) implements TokenizerSource {

  /// Reads the files of a folder.
  static FileTokenizer read(Path folder) {
    try {
      return new FileTokenizer(TokenizerFiles.read(folder));
    } catch (IOException e) {
      throw new MalformedModelException("tokenizer", "in " + folder, "cannot be read: " + e, e);
    }
  }

  @Override
  public TokenizerSigns signs() {
    if (tokenizerFiles.names().isEmpty()) {
      return TokenizerSigns.NONE;
    }
    TokenizerFiles.@Nullable Evidence evidence = tokenizerFiles.evidence();
    if (evidence == null) {
      return TokenizerSigns.SENTENCE_PIECE;
    }
    return switch (evidence.family()) {
      case CHATGLM2 -> TokenizerSigns.of(ModelFamily.CHATGLM2, evidence.reason());
      case CHATGLM3 -> TokenizerSigns.of(ModelFamily.CHATGLM3, evidence.reason());
      case GLM4 -> TokenizerSigns.BYTE_LEVEL;
    };
  }

  @Override
  public String origin() {
    List<String> names = tokenizerFiles.names();
    return names.isEmpty()
        ? "there is neither tokenizer.model nor tokenizer.json"
        : String.join(", ", names);
  }

  @Override
  public @Nullable Tokenizer load(TokenizerFamily family) {
    return tokenizerFiles.names().isEmpty() ? null : tokenizerFiles.load(family).tokenizer();
  }

  @Override
  public Map<String, MemorySegment> files() {
    var files = new LinkedHashMap<String, MemorySegment>();
    tokenizerFiles
        .contents()
        .forEach((name, content) -> files.put(name, MemorySegment.ofArray(content)));
    return files;
  }
}
