package org.glmspark.format;

/// What the formats have in common about names: of tensors, keys and entries.
final class Names {
  private Names() {}

  /// Whether a name is there, and has no control characters.
  static boolean isPrintable(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (Character.isISOControl(name.charAt(i))) {
        return false;
      }
    }
    return !name.isEmpty();
  }
}
