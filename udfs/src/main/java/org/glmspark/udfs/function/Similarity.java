package org.glmspark.udfs.function;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.glmspark.generation.PoolingResult;
import org.glmspark.udfs.RowRequests;

/// How alike the model reads two texts: the cosine of the angle between the means of their final
/// hidden states. `ai_similarity`.
record Similarity() implements RowFunction {
  @Override
  public String name() {
    return "ai_similarity";
  }

  @Override
  public DataType dataType() {
    return DataTypes.FloatType;
  }

  @Override
  public Map<String, String> options() {
    return Map.of();
  }

  @Override
  public CompletableFuture<RowAnswer> ask(RowRequests requests, List<String> inputs) {
    String first = inputs.getFirst();
    String second = inputs.get(1);
    if (first.equals(second)) {
      return CompletableFuture.completedFuture(new RowAnswer.Value(1.0f));
    }
    if (first.isBlank() || second.isBlank()) {
      return RowAnswer.noText();
    }
    return requests.pool(first).thenCombine(requests.pool(second), Similarity::compare);
  }

  private static RowAnswer compare(PoolingResult first, PoolingResult second) {
    if (first.error() != null) {
      return new RowAnswer.Failed(first.error());
    }
    if (second.error() != null) {
      return new RowAnswer.Failed(second.error());
    }
    return new RowAnswer.Value((float) cosine(first.mean(), second.mean()));
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double squaresOfA = 0;
    double squaresOfB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      squaresOfA += (double) a[i] * a[i];
      squaresOfB += (double) b[i] * b[i];
    }
    return dot / Math.sqrt(squaresOfA * squaresOfB);
  }
}
