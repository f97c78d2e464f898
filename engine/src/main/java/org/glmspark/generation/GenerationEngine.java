package org.glmspark.generation;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.glmspark.model.Model;

/// Completes many prompts at once in one shared batch.
public final class GenerationEngine implements AutoCloseable {
  private final Model model;

  private GenerationEngine(Model model) {
    this.model = model;
  }

  /// Opens the model in a folder and starts the engine's threads.
  public static GenerationEngine open(Path folder, EngineOptions options) {
    throw new UnsupportedOperationException(folder + " " + options);
  }

  /// The model, for its tokenizer and chat template. Closed with the engine.
  public Model model() {
    return model;
  }

  /// Queues a request; any thread may call. Cancelling the future withdraws the request.
  public CompletableFuture<GenerationResult> submit(GenerationRequest request) {
    throw new UnsupportedOperationException(request.toString());
  }

  /// The SHA-256, in hexadecimal, of everything the completion of this request depends on.
  public String requestId(GenerationRequest request) {
    throw new UnsupportedOperationException(request.toString());
  }

  /// Requests that wait for a place in the batch.
  public int waiting() {
    return 0;
  }

  @Override
  public void close() {
    model.close();
  }
}
