package org.glmspark.model;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.glmspark.model.FamilyChoice.TokenizerSigns;
import org.glmspark.tokenizer.Tokenizer;
import org.glmspark.tokenizer.TokenizerFamily;
import org.jspecify.annotations.Nullable;

/// The files that hold a model's tokenizer.
sealed interface TokenizerSource permits FileTokenizer, GgufTokenizer {
  /// What they tell about the model's family.
  TokenizerSigns signs();

  /// The file the tokenizer is read from, or why there is none.
  String origin();

  /// Reads the tokenizer; null if there is none.
  ///
  /// @param family whose special tokens it has, where the files do not say
  @Nullable Tokenizer load(TokenizerFamily family);

  /// The files by name, for a pack.
  Map<String, MemorySegment> files();
}
