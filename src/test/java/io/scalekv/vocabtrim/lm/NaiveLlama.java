package io.scalekv.vocabtrim.lm;

import io.scalekv.weights.TensorSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The Llama layout written out in double loops, token by token, after its published description.
 */
final class NaiveLlama {
  private final LlamaConfig c;
  private final Map<String, double[]> w = new HashMap<>();

  NaiveLlama(LlamaConfig config, TensorSource source) {
    c = config;
    source.names().forEach(name -> w.put(name, source.doubles(name)));
  }

  /** [L,V]. */
  double[][] logits(int[] tokens) {
    return Arrays.stream(states(tokens)).map(this::logits).toArray(double[][]::new);
  }

  /** Inputs of the output head, [L,C]. */
  double[][] states(int[] tokens) {
    double[][] x = Arrays.stream(tokens).mapToObj(this::embedding).toArray(double[][]::new);
    layers(x);
    return Arrays.stream(x).map(this::normed).toArray(double[][]::new);
  }

  double[] embedding(int token) {
    double[] table = w.get("model.embed_tokens.weight");
    return Arrays.copyOfRange(table, token * c.width(), (token + 1) * c.width());
  }

  double[] normed(double[] x) {
    return norm(x, w.get("model.norm.weight"));
  }

  double[] logits(double[] state) {
    return times(w.get(c.tied() ? "model.embed_tokens.weight" : "lm_head.weight"), state);
  }

  double[] product(String name, double[] x) {
    return times(w.get(name), x);
  }

  /** Passes [L,C] through all layers, in place. */
  void layers(double[][] x) {
    int n = x.length;
    for (int layer = 0; layer < c.layers(); layer++) {
      String p = "model.layers." + layer + ".";
      double[][] q = new double[n][];
      double[][] k = new double[n][];
      double[][] v = new double[n][];
      for (int t = 0; t < n; t++) {
        double[] y = norm(x[t], w.get(p + "input_layernorm.weight"));
        q[t] = rotate(times(w.get(p + "self_attn.q_proj.weight"), y), t);
        k[t] = rotate(times(w.get(p + "self_attn.k_proj.weight"), y), t);
        v[t] = times(w.get(p + "self_attn.v_proj.weight"), y);
      }
      for (int t = 0; t < n; t++) {
        add(x[t], times(w.get(p + "self_attn.o_proj.weight"), attend(q[t], k, v, t)));
        double[] y = norm(x[t], w.get(p + "post_attention_layernorm.weight"));
        double[] gate = times(w.get(p + "mlp.gate_proj.weight"), y);
        double[] up = times(w.get(p + "mlp.up_proj.weight"), y);
        for (int i = 0; i < gate.length; i++) {
          gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        add(x[t], times(w.get(p + "mlp.down_proj.weight"), gate));
      }
    }
  }

  private double[] attend(double[] q, double[][] k, double[][] v, int t) {
    int d = c.headWidth();
    double[] out = new double[c.heads() * d];
    for (int h = 0; h < c.heads(); h++) {
      int g = h / (c.heads() / c.kvHeads());
      double[] p = new double[t + 1];
      double sum = 0;
      for (int s = 0; s <= t; s++) {
        double dot = 0;
        for (int i = 0; i < d; i++) {
          dot += q[h * d + i] * k[s][g * d + i];
        }
        p[s] = Math.exp(dot / Math.sqrt(d));
        sum += p[s];
      }
      for (int s = 0; s <= t; s++) {
        for (int i = 0; i < d; i++) {
          out[h * d + i] += p[s] / sum * v[s][g * d + i];
        }
      }
    }
    return out;
  }

  /** Each head's column i as real, column i + D/2 as imaginary part, times e^(i·position·f). */
  private double[] rotate(double[] x, int position) {
    int d = c.headWidth();
    double[] y = new double[x.length];
    for (int h = 0; h < x.length / d; h++) {
      for (int i = 0; i < d / 2; i++) {
        double angle = position * frequency(i);
        double re = x[h * d + i];
        double im = x[h * d + i + d / 2];
        y[h * d + i] = re * Math.cos(angle) - im * Math.sin(angle);
        y[h * d + i + d / 2] = re * Math.sin(angle) + im * Math.cos(angle);
      }
    }
    return y;
  }

  /** Llama 3's rule once more, from the released code's own steps. */
  double frequency(int i) {
    double f = Math.pow(c.ropeTheta(), -2.0 * i / c.headWidth());
    if (c.ropeScaling() instanceof RopeScaling.Linear s) {
      return f / s.factor();
    }
    if (!(c.ropeScaling() instanceof RopeScaling.Llama3 s)) {
      return f;
    }
    double turns = s.originalPositions() * f / (2 * Math.PI);
    if (turns > s.highFactor()) {
      return f;
    }
    if (turns < s.lowFactor()) {
      return f / s.factor();
    }
    double smooth = (turns - s.lowFactor()) / (s.highFactor() - s.lowFactor());
    return f * ((1 - smooth) / s.factor() + smooth);
  }

  private double[] norm(double[] x, double[] weight) {
    double mean = 0;
    for (double a : x) {
      mean += a * a / x.length;
    }
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] / Math.sqrt(mean + c.normEpsilon()) * weight[i];
    }
    return y;
  }

  private static double[] times(double[] matrix, double[] x) {
    double[] y = new double[matrix.length / x.length];
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += matrix[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static void add(double[] to, double[] x) {
    for (int i = 0; i < to.length; i++) {
      to[i] += x[i];
    }
  }
}
