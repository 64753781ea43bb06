package io.scalekv.vocabtrim.decode;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.random.RandomGenerator;

/**
 * Speculative sampling: with p the target's law and q the draft model's over the tokens that it
 * keeps (0 for all others), a draft token x is accepted with probability min(1, p(x) / q(x));
 * otherwise a token is drawn from max(0, p − q), normalised over the whole vocabulary. The token
 * that comes out has the law p, whatever q is (arXiv 2211.17192, appendix A.1).
 *
 * @param temperature that divides all logits
 * @param random source of randomness
 */
record SamplingRule(double temperature, RandomGenerator random) implements TokenRule {
  @Override
  public Draft draft(float[] logits, VocabularySubset kept) {
    double[] q = softmax(logits, 0, kept.size());
    return new Draft(kept.id(draw(q)), q);
  }

  @Override
  public int judge(Draft draft, VocabularySubset kept, float[] logits, int from) {
    double[] p = softmax(logits, from, kept.vocabulary());
    double q = draft.probabilities()[kept.row(draft.token())];
    if (random.nextDouble() * q < p[draft.token()]) {
      return draft.token();
    }
    double sum = 0;
    double[] residual = p.clone();
    for (int j = 0; j < kept.size(); j++) {
      residual[kept.id(j)] = Math.max(0, residual[kept.id(j)] - draft.probabilities()[j]);
    }
    for (double r : residual) {
      sum += r;
    }
    // p = q up to rounding: a rejection then has probability 0 up to rounding, and p is the law
    return -1 - draw(sum > 0 ? scaled(residual, sum) : p);
  }

  @Override
  public int next(float[] logits, int from, int vocabulary) {
    return draw(softmax(logits, from, vocabulary));
  }

  private static double[] scaled(double[] values, double by) {
    for (int i = 0; i < values.length; i++) {
      values[i] /= by;
    }
    return values;
  }

  private double[] softmax(float[] logits, int from, int n) {
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      most = Math.max(most, logits[from + i]);
    }
    double[] p = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      p[i] = Math.exp((logits[from + i] - most) / temperature);
      sum += p[i];
    }
    return scaled(p, sum);
  }

  private int draw(double[] p) {
    double u = random.nextDouble();
    int last = 0;
    for (int i = 0; i < p.length; i++) {
      if (p[i] > 0) {
        last = i;
        u -= p[i];
        if (u < 0) {
          return i;
        }
      }
    }
    return last;
  }
}
