package io.scalekv.vocabtrim.decode;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.random.RandomGenerator;

/**
 * Rule that chooses tokens from logits and judges draft tokens by the target's logits. A row of
 * logits begins at a given index of an array.
 */
sealed interface TokenRule {
  /**
   * Draft token.
   *
   * @param token of the whole vocabulary
   * @param probabilities of the draft model's columns; null under the greedy rule
   */
  record Draft(int token, double[] probabilities) {}

  /** Returns the rule of a temperature. */
  static TokenRule of(DecodeOptions options, RandomGenerator random) {
    return options.greedy() ? new Greedy() : new Sampling(options.temperature(), random);
  }

  /** Returns a token from the draft model's logits [K]. */
  Draft draft(float[] logits, VocabularySubset retained);

  /**
   * Judges a draft token.
   *
   * @param logits of the target
   * @param from first of the row's V logits
   * @return the draft token if it is accepted, otherwise −1 − the token that replaces it
   */
  int judge(Draft draft, VocabularySubset retained, float[] logits, int from);

  /** Returns a token from the target's V logits. */
  int next(float[] logits, int from, int vocabulary);

  /** Greedy rule: the most likely token, the first of equal ones. */
  record Greedy() implements TokenRule {
    @Override
    public Draft draft(float[] logits, VocabularySubset retained) {
      return new Draft(retained.id(next(logits, 0, retained.size())), null);
    }

    @Override
    public int judge(Draft draft, VocabularySubset retained, float[] logits, int from) {
      int token = next(logits, from, retained.vocabulary());
      return token == draft.token() ? token : -1 - token;
    }

    @Override
    public int next(float[] logits, int from, int n) {
      int best = 0;
      for (int i = 1; i < n; i++) {
        if (logits[from + i] > logits[from + best]) {
          best = i;
        }
      }
      return best;
    }
  }

  /**
   * Speculative sampling: with p the target's distribution and q the draft model's over its
   * retained tokens (0 for all others), a draft token x is accepted with probability min(1, p(x) /
   * q(x)); otherwise a token is drawn from max(0, p − q), normalised over the whole vocabulary. The
   * result has distribution p for any q (arXiv 2211.17192, appendix A.1).
   *
   * @param temperature that divides all logits
   */
  record Sampling(double temperature, RandomGenerator random) implements TokenRule {
    @Override
    public Draft draft(float[] logits, VocabularySubset retained) {
      double[] q = softmax(logits, 0, retained.size());
      return new Draft(retained.id(draw(q)), q);
    }

    @Override
    public int judge(Draft draft, VocabularySubset retained, float[] logits, int from) {
      double[] p = softmax(logits, from, retained.vocabulary());
      double q = draft.probabilities()[retained.row(draft.token())];
      if (random.nextDouble() * q < p[draft.token()]) {
        return draft.token();
      }
      double sum = 0;
      double[] residual = p.clone();
      for (int j = 0; j < retained.size(); j++) {
        int id = retained.id(j);
        residual[id] = Math.max(0, residual[id] - draft.probabilities()[j]);
      }
      for (double r : residual) {
        sum += r;
      }
      // p = q up to rounding: a rejection then has probability 0 up to rounding
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
}
