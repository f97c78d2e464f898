package org.glmspark.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.glmspark.format.MalformedModelException;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.BytePairTokenizer;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;

/// The tokenizer of a model folder.
record FolderTokenizer(Path folder) implements TokenizerSource {
  private static final String FILE = "tokenizer.model";

  List<String> fileNames() {
    return isThere()
        ? Stream.of(FILE, "tokenizer_config.json")
            .filter(name -> Files.exists(folder.resolve(name)))
            .toList()
        : List.of();
  }

  @Override
  public TokenizerSigns signs() {
    return isThere() ? new TokenizerSigns(false, null, "") : TokenizerSigns.NONE;
  }

  @Override
  public String origin() {
    return isThere() ? FILE : "there is no " + FILE;
  }

  @Override
  public boolean isThere() {
    return Files.exists(folder.resolve(FILE));
  }

  @Override
  public Tokenizer load(TokenizerFamily family) {
    try {
      return BytePairTokenizer.load(folder);
    } catch (IOException e) {
      throw new MalformedModelException(FILE, "in " + folder, "cannot be read: " + e, e);
    }
  }
}
