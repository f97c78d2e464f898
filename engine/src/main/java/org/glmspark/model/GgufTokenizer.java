package org.glmspark.model;

import org.glmspark.format.GgufFile;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;

/// The tokenizer in a GGUF file.
record GgufTokenizer(GgufFile file) implements TokenizerSource {
  @Override
  public TokenizerSigns signs() {
    return TokenizerSigns.NONE;
  }

  @Override
  public String origin() {
    return "none yet";
  }

  @Override
  public boolean isThere() {
    return false;
  }

  @Override
  public Tokenizer load(TokenizerFamily family) {
    throw new IllegalStateException("there is none");
  }
}
