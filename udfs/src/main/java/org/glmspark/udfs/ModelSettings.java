package org.glmspark.udfs;

import java.io.Serializable;
import org.apache.spark.SparkConf;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.pack.PackProgress;
import org.glmspark.pack.PackingException;

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

  /// Looks at the model from the driver, and packs it if this machine has not yet.
  ///
  /// @param conf what the executors' memory is read from
  /// @throws MalformedModelException if there is no model there, or none that reads text
  /// @throws PackingException if the pack cannot be written
  /// @throws IllegalArgumentException if the executors' memory does not hold it
  public ModelHandle handle(SparkConf conf) {
    ModelHandle asInOptions = ModelHandle.of(source, options, PackProgress.SILENT);
    ModelHandle threaded =
        switch (threads) {
          case AS_IN_OPTIONS -> asInOptions;
          case EXECUTOR_CORES -> asInOptions.withThreadsOfExecutor();
        };
    ModelHandle handle =
        switch (cache) {
          case AS_IN_OPTIONS -> threaded;
          case SHARE_OF_EXECUTOR -> threaded.withCacheOfExecutor();
        };
    handle.requireMemory(conf);
    return handle;
  }
}
