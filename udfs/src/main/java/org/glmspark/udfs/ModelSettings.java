package org.glmspark.udfs;

import java.io.Serializable;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.pack.PackingException;
import org.glmspark.udfs.distribution.ModelCopyException;
import org.glmspark.udfs.distribution.ModelProgress;

/// A model that a session's settings name, before anybody has looked at it.
///
/// @param name what SQL calls it
/// @param source which model
/// @param options how each executor's engine uses its machine
/// @param threads where the number of worker threads comes from
/// @param cache where the size of the cache of keys and values comes from
/// @param partTokens most tokens of a text that is worked on in one piece; 0 for as many as the
///   model's context leaves
public record ModelSettings(
    String name,
    ModelSource source,
    EngineOptions options,
    ModelHandle.Threads threads,
    ModelHandle.Cache cache,
    int partTokens)
    implements Serializable {

  /// Looks at the model on this machine; copies and packs it if that was not done yet.
  ///
  /// @throws MalformedModelException if there is no model there, or none that reads text
  /// @throws ModelCopyException if it cannot be copied
  /// @throws PackingException if the pack cannot be written
  public ModelHandle handle() {
    ModelHandle handle = ModelHandle.of(source, options, ModelProgress.SILENT);
    ModelHandle threaded =
        switch (threads) {
          case AS_IN_OPTIONS -> handle;
          case EXECUTOR_CORES -> handle.withThreadsOfExecutor();
        };
    return switch (cache) {
      case AS_IN_OPTIONS -> threaded;
      case SHARE_OF_EXECUTOR -> threaded.withCacheOfExecutor();
    };
  }
}
