package org.glmspark.generation;

/// Whether a sequence takes keys and values from others that begin with the same tokens. It changes
/// no bit of any result, but for how many tokens it says were cached.
public enum PrefixCache {
  ON,
  OFF
}
