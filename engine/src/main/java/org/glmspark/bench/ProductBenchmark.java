package org.glmspark.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.glmspark.kernel.MatMul;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.Model;
import org.glmspark.parallel.WorkerPool;
import org.glmspark.tensor.FloatMatrix;
import org.glmspark.tensor.StripMatrix;
import org.glmspark.transformer.ParallelMatMul;

/// Times the matrix products of a model's layers, each with that of every layer in turn: so weights
/// come from memory, as in a whole model, unless a layer is all there is.
public final class ProductBenchmark {
  private final List<LayerWeights> layers;
  private final ParallelMatMul products;
  private final WorkerPool workers;

  /// One of the products of a layer.
  public enum Product {
    QUERY_KEY_VALUE("query key value"),
    ATTENTION_OUTPUT("attention output"),
    GATE_UP("gate up"),
    DOWN("down");

    private final String label;

    Product(String label) {
      this.label = label;
    }

    /// Its name for people.
    public String label() {
      return label;
    }

    StripMatrix of(LayerWeights layer) {
      return switch (this) {
        case QUERY_KEY_VALUE -> layer.queryKeyValue();
        case ATTENTION_OUTPUT -> layer.attentionOutput();
        case GATE_UP -> layer.gateUp();
        case DOWN -> layer.down();
      };
    }
  }

  /// @param model stays the caller's, as the workers do
  /// @param maxTokens most rows of activations
  public ProductBenchmark(Model model, MatMul matMul, WorkerPool workers, int maxTokens) {
    this.layers = model.weights().layers();
    this.workers = workers;
    int columns = 1;
    for (Product product : Product.values()) {
      columns = Math.max(columns, product.of(layers.getFirst()).columns());
    }
    this.products = new ParallelMatMul(workers, matMul, maxTokens, columns);
  }

  /// `rows` and `columns` of a product's weights.
  public String shape(Product product) {
    StripMatrix weights = product.of(layers.getFirst());
    return "[%d, %d]".formatted(weights.rows(), weights.columns());
  }

  /// Multiplies every layer's weights with the same rows of activations.
  public Phase measure(Product product, int tokens) {
    List<StripMatrix> weights = new ArrayList<>();
    layers.forEach(layer -> weights.add(product.of(layer)));
    StripMatrix first = weights.getFirst();
    FloatMatrix x = gaussian(tokens, first.columns());
    FloatMatrix out = new FloatMatrix(tokens, first.rows());
    long layerTokens = (long) tokens * weights.size();
    double operations = 2.0 * tokens * first.rows() * first.columns() * weights.size();
    double bytes = (double) first.data().byteSize() * weights.size();
    return Phase.best(() -> {
      long start = System.nanoTime();
      weights.forEach(matrix -> products.multiply(out, matrix, x));
      return new Phase(layerTokens, (System.nanoTime() - start) / 1e9, operations, bytes);
    });
  }

  private FloatMatrix gaussian(int rows, int columns) {
    FloatMatrix matrix = new FloatMatrix(rows, columns);
    workers.forEach(
        rows,
        (row, _) -> {
          var random = new Random(row);
          for (int i = 0; i < columns; i++) {
            matrix.values()[matrix.offset(row) + i] = (float) random.nextGaussian();
          }
        });
    return matrix;
  }
}
