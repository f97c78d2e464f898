package org.glmspark.model;

/// Where the norms of a decoder layer stand.
public enum BlockType {
  /// In front of attention and in front of the feed-forward network: ChatGLM2, ChatGLM3, GLM-4-9B.
  PRE_NORM(2),
  /// Behind each of them too, before the result is added: GLM-4-32B and its siblings of 0414.
  SANDWICH_NORM(4);

  private final int norms;

  BlockType(int norms) {
    this.norms = norms;
  }

  /// Norms of one layer.
  int norms() {
    return norms;
  }
}
