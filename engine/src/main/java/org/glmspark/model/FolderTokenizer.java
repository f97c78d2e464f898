package org.glmspark.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.glmspark.tokenizer.TokenizerFolder;
import org.jspecify.annotations.Nullable;

/// The tokenizer of a model folder.
record FolderTokenizer(Path folder) implements TokenizerSource {
  List<String> fileNames() {
    return TokenizerFolder.fileNames(folder);
  }

  @Override
  public TokenizerSigns signs() {
    if (fileNames().isEmpty()) {
      return TokenizerSigns.NONE;
    }
    TokenizerFolder.@Nullable Evidence evidence;
    try {
      evidence = TokenizerFolder.evidence(folder);
    } catch (IOException e) {
      throw unreadable(e);
    }
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
    List<String> names = fileNames();
    return names.isEmpty()
        ? "there is neither tokenizer.model nor tokenizer.json"
        : String.join(", ", names);
  }

  @Override
  public @Nullable Tokenizer load(TokenizerFamily family) {
    if (fileNames().isEmpty()) {
      return null;
    }
    try {
      return TokenizerFolder.load(folder, family).tokenizer();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private MalformedModelException unreadable(IOException e) {
    return new MalformedModelException(
        fileNames().getFirst(), "in " + folder, "cannot be read: " + e, e);
  }
}
