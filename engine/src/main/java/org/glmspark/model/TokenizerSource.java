package org.glmspark.model;

import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;

/// The files that hold a model's tokenizer.
sealed interface TokenizerSource permits FolderTokenizer, GgufTokenizer {
  /// What they tell about the model's family.
  TokenizerSigns signs();

  /// The file the tokenizer is read from, or why there is none.
  String origin();

  /// Whether there is a tokenizer.
  boolean isThere();

  /// Reads the tokenizer, which must be there.
  ///
  /// @param family whose special tokens it has, where the files do not say
  Tokenizer load(TokenizerFamily family);
}
