package org.glmspark.prompt;

/// The beginning of a text of any length, for a message.
final class Excerpt {
  private static final int LENGTH = 120;

  private Excerpt() {}

  static String of(String text) {
    return text.length() <= LENGTH ? text : text.substring(0, LENGTH) + "…";
  }
}
