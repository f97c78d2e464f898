package org.glmspark.udfs;

import java.io.Serializable;
import java.nio.file.Path;
import org.glmspark.format.MalformedModelException;
import org.glmspark.generation.EngineOptions;
import org.glmspark.generation.GenerationEngine;
import org.glmspark.model.ModelDigest;
import org.glmspark.model.ModelLoader;

/// Where a model is and what it must be: small, so that it can travel to the executors in place of
/// weights.
///
/// @param path the model folder, absolute; the same on every node
/// @param digest SHA-256, in hexadecimal, of the model the driver saw
/// @param options how each executor's engine uses its machine
/// @param threads where the number of worker threads comes from
public record ModelHandle(String path, String digest, EngineOptions options, Threads threads)
    implements Serializable {

  /// How many worker threads an engine starts.
  public enum Threads {
    /// As many as the options say.
    AS_IN_OPTIONS,
    /// One for each core Spark gave the executor that opens the model; asked for there, when it is
    /// opened.
    EXECUTOR_CORES
  }

  /// Looks at the folder from the driver, so that a bad model fails before any work.
  ///
  /// @param options taken as they stand, `options.threads` too; see [#withThreadsOfExecutor]
  /// @throws MalformedModelException if there is no such folder, or no model in it that reads text
  public static ModelHandle of(Path folder, EngineOptions options) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (ModelLoader.describe(absolute).chatTemplate() == null) {
      throw new MalformedModelException(
          absolute.toString(), "tokenizer.model", "there is no such file, so no text can be read");
    }
    return new ModelHandle(
        absolute.toString(), ModelDigest.of(absolute), options, Threads.AS_IN_OPTIONS);
  }

  /// The same model, with one worker thread for each core of the executor instead of
  /// `options.threads`.
  public ModelHandle withThreadsOfExecutor() {
    return new ModelHandle(path, digest, options, Threads.EXECUTOR_CORES);
  }

  /// The engine of this JVM for this model. The first call opens it; calls meanwhile wait for that;
  /// all share it until the JVM ends.
  ///
  /// @throws IllegalStateException if the model cannot be opened here or is not the one of `digest`
  public GenerationEngine engine() {
    return ExecutorEngines.of(this);
  }
}
