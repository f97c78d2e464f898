package org.glmspark.pack;

import java.nio.file.Path;

/// Is told how far the packing of a model is, by whichever thread works on it.
public interface PackProgress {
  /// Nobody listens.
  PackProgress SILENT =
      new PackProgress() {
        @Override
        public void waiting(Path target) {}

        @Override
        public void packed(Path target, long done, long all) {}
      };

  /// Another process or thread makes the same file; this one waits for it.
  void waiting(Path target);

  /// Some more of the pack is written.
  ///
  /// @param done bytes; 0 at the beginning
  /// @param all bytes of the finished pack
  void packed(Path target, long done, long all);
}
