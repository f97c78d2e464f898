package org.glmspark.tokenizer;

/// Byte-level BPE as GLM-4 uses it.
public final class BytePairTokenizer {
  private BytePairTokenizer() {}
}
