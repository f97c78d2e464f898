package org.glmspark.tokenizer;

import java.io.IOException;
import java.nio.file.Path;

/// Byte-level BPE as GLM-4 uses it.
public final class BytePairTokenizer {
  private BytePairTokenizer() {}

  /// Reads `tokenizer.model` and `tokenizer_config.json` of a model folder.
  public static BytePairTokenizer load(Path folder) throws IOException {
    throw new UnsupportedOperationException(folder.toString());
  }

  /// The tokens that this tokenizer knows.
  public Vocabulary vocabulary() {
    throw new UnsupportedOperationException();
  }
}
