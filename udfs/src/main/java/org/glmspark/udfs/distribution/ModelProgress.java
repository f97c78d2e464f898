package org.glmspark.udfs.distribution;

import java.nio.file.Path;
import org.glmspark.pack.PackProgress;

/// Is told how far the copying and the packing of a model are, by whichever thread works on it.
public interface ModelProgress extends PackProgress {
  /// Nobody listens.
  ModelProgress SILENT =
      new ModelProgress() {
        @Override
        public void copied(Path target, long done, long all) {}

        @Override
        public void waiting(Path target) {}

        @Override
        public void packed(Path target, long done, long all) {}
      };

  /// Some more of the copy is written.
  ///
  /// @param done bytes; all of them only when the copy can be used
  /// @param all bytes of the whole copy
  void copied(Path target, long done, long all);
}
