package org.glmspark.udfs;

import java.io.Serializable;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.model.ModelDigest;
import org.glmspark.model.ModelLoader;
import org.glmspark.model.ModelOverrides;

/// Where a model is and what it must be: small, so that it can travel to the executors in place of
/// weights.
///
/// @param path the model's folder or GGUF file, absolute; the same on every node
/// @param overrides what the user says against the model's files
/// @param digest SHA-256, in hexadecimal, of the model the driver saw
/// @param options how each executor's engine uses its machine
/// @param threads where the number of worker threads comes from
public record ModelHandle(
    String path, ModelOverrides overrides, String digest, EngineOptions options, Threads threads)
    implements Serializable {

  /// How many worker threads an engine starts.
  public enum Threads {
    /// As many as the options say.
    AS_IN_OPTIONS,
    /// One for each core Spark gave the executor that opens the model; asked for there, when it is
    /// opened.
    EXECUTOR_CORES
  }

  /// A model as its files say.
  ///
  /// @throws MalformedModelException as the other [#of]
  public static ModelHandle of(Path path, EngineOptions options) {
    return of(path, ModelOverrides.NONE, options);
  }

  /// Looks at the model from the driver, so that a bad one fails before any work.
  ///
  /// @param options taken as they stand, `options.threads` too; see [#withThreadsOfExecutor]
  /// @throws MalformedModelException if there is no model there, or none that reads text
  public static ModelHandle of(Path path, ModelOverrides overrides, EngineOptions options) {
    Path absolute = path.toAbsolutePath().normalize();
    ModelLoader.describe(absolute, overrides).requireChatTemplate();
    return new ModelHandle(
        absolute.toString(), overrides, ModelDigest.of(absolute), options, Threads.AS_IN_OPTIONS);
  }

  /// The same model, with one worker thread for each core of the executor instead of
  /// `options.threads`.
  public ModelHandle withThreadsOfExecutor() {
    return new ModelHandle(path, overrides, digest, options, Threads.EXECUTOR_CORES);
  }

  /// The engine of this JVM for this model. The first call opens it; calls meanwhile wait for that;
  /// all share it until the JVM ends.
  ///
  /// @throws IllegalStateException if the model cannot be opened here or is not the one of `digest`
  public GenerationEngine engine() {
    return ExecutorEngines.of(this);
  }
}
