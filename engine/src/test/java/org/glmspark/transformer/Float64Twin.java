package org.glmspark.transformer;

import java.util.Arrays;
import org.glmspark.model.LayerWeights;
import org.glmspark.model.Model;
import org.glmspark.model.ModelConfig;
import org.glmspark.tensor.StripMatrix;
import org.jspecify.annotations.Nullable;

/// The decoder in float64, one number at a time, from the weights as they decode. It stays slow: it
/// is what we trust. Of the engine it shares the decoding of weights, which has its own tests, and
/// the frequencies of the rope.
final class Float64Twin {
  private final Model model;
  private final ModelConfig config;
  private final ActivationRounding rounding;

  /// @param rounding of what is multiplied with matrices
  Float64Twin(Model model, ActivationRounding rounding) {
    this.model = model;
    this.config = model.config();
    this.rounding = rounding;
  }

  /// The logits after the last of some tokens.
  double[] logits(int[] tokens) {
    double[][] hidden = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      float[] row = new float[config.hiddenSize()];
      model.weights().embedding().decode((long) tokens[t] * row.length, row.length, row, 0);
      hidden[t] = doubles(row);
    }
    for (int i = 0; i < config.layers(); i++) {
      layer(i, hidden);
    }
    double[][] last = {norm(hidden[tokens.length - 1], model.weights().finalNorm())};
    int product = config.layers() * EngineTrace.LAYER_PRODUCTS;
    return multiply(model.weights().output(), product, last)[0];
  }

  private void layer(int number, double[][] hidden) {
    LayerWeights layer = model.weights().layers().get(number);
    int product = number * EngineTrace.LAYER_PRODUCTS;

    double[][] projected =
        multiply(layer.queryKeyValue(), product, norm(hidden, layer.attentionNorm()));
    for (int t = 0; t < projected.length; t++) {
      if (layer.queryKeyValueBias() != null) {
        add(projected[t], doubles(layer.queryKeyValueBias()));
      }
      rotate(projected[t], t);
    }
    double[][] attended = attend(projected);
    addBranch(
        hidden,
        multiply(layer.attentionOutput(), product + 1, attended),
        layer.attentionPostNorm());

    double[][] gateUp =
        multiply(layer.gateUp(), product + 2, norm(hidden, layer.feedForwardNorm()));
    double[][] gated = new double[gateUp.length][];
    for (int t = 0; t < gateUp.length; t++) {
      gated[t] = gated(gateUp[t]);
    }
    addBranch(hidden, multiply(layer.down(), product + 3, gated), layer.feedForwardPostNorm());
  }

  private double[][] multiply(StripMatrix weights, int product, double[][] x) {
    double[][] rounded = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      rounded[t] = rounding.round(weights, product, t, x[t]);
    }
    double[][] out = new double[x.length][weights.rows()];
    float[] decoded = new float[weights.columns()];
    for (int row = 0; row < weights.rows(); row++) {
      weights.decodeRow(row, 0, decoded.length, decoded, 0);
      double[] weight = doubles(decoded);
      for (int t = 0; t < x.length; t++) {
        out[t][row] = dot(weight, rounded[t]);
      }
    }
    return out;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private double[][] norm(double[][] x, float[] weight) {
    double[][] out = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      out[t] = norm(x[t], weight);
    }
    return out;
  }

  private double[] norm(double[] x, float[] weight) {
    double rms = Math.sqrt(dot(x, x) / x.length + config.normEpsilon());
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] / rms * weight[i];
    }
    return out;
  }

  private void rotate(double[] x, int position) {
    double[] frequencies = config.rope().frequencies();
    double amplitude = config.rope().amplitude();
    for (int head = 0; head < config.heads() + config.keyValueHeads(); head++) {
      for (int i = 0; i < frequencies.length; i++) {
        double cos = amplitude * Math.cos(position * frequencies[i]);
        double sin = amplitude * Math.sin(position * frequencies[i]);
        int pair = head * config.headSize() + 2 * i;
        double a = x[pair];
        double b = x[pair + 1];
        x[pair] = a * cos - b * sin;
        x[pair + 1] = b * cos + a * sin;
      }
    }
  }

  private double[][] attend(double[][] projected) {
    int size = config.headSize();
    int group = config.heads() / config.keyValueHeads();
    double[][] out = new double[projected.length][config.heads() * size];
    for (int t = 0; t < projected.length; t++) {
      for (int head = 0; head < config.heads(); head++) {
        int query = head * size;
        int key = (config.heads() + head / group) * size;
        int value = key + config.keyValueHeads() * size;
        double[] weights = new double[t + 1];
        for (int s = 0; s <= t; s++) {
          double score = 0;
          for (int i = 0; i < size; i++) {
            score += projected[t][query + i] * projected[s][key + i];
          }
          weights[s] = score / Math.sqrt(size);
        }
        softmax(weights);
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < size; i++) {
            out[t][query + i] += weights[s] * projected[s][value + i];
          }
        }
      }
    }
    return out;
  }

  private static void softmax(double[] x) {
    double largest = Arrays.stream(x).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.exp(x[i] - largest);
      sum += x[i];
    }
    for (int i = 0; i < x.length; i++) {
      x[i] /= sum;
    }
  }

  private static double[] gated(double[] gateUp) {
    double[] out = new double[gateUp.length / 2];
    for (int i = 0; i < out.length; i++) {
      out[i] = gateUp[i] / (1 + Math.exp(-gateUp[i])) * gateUp[out.length + i];
    }
    return out;
  }

  private void addBranch(double[][] hidden, double[][] branch, float @Nullable [] postNorm) {
    for (int t = 0; t < hidden.length; t++) {
      add(hidden[t], postNorm == null ? branch[t] : norm(branch[t], postNorm));
    }
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }

  private static double[] doubles(float[] floats) {
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }
}
