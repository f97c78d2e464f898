package org.glmspark.model;

/// The published models this engine runs, by what their files and prompts have in common.
public enum ModelFamily {
  /// GLM-4-9B-Chat, GLM-4-9B-Chat-1M and their Hugging Face native forms.
  GLM4
}
