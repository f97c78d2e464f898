package org.glmspark.generation;

/// Whether copies from a sequence's own text are guessed, several tokens a step, where that pays.
/// It changes no bit of any result.
public enum PromptLookup {
  ON,
  OFF
}
