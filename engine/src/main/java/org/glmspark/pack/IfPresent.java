package org.glmspark.pack;

/// What to do if the file that a pack would be written to is there.
public enum IfPresent {
  /// Refuse to pack.
  REFUSE,
  /// Write it anew and put the new one in its place.
  REPLACE,
  /// Use it, if it is a sound pack; otherwise replace it.
  KEEP
}
