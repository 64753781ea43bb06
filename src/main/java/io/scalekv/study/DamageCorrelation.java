package io.scalekv.study;

import io.scalekv.metrics.Holm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Rank correlation of a statistic with the damage of a compressed cache. A negative ρ of an
 * oriented statistic means that its drafters are damaged more, as ScaleKV expects.
 *
 * @param level observations that are compared
 * @param predictor the statistic
 * @param rank ρ, its intervals and its p-value
 * @param pHolm p after Holm's correction over the statistics of this level
 */
record DamageCorrelation(
    String level, DamagePredictor predictor, BlockedSpearman.Result rank, double pHolm) {
  /** Whole layers compressed, against the mean of z over the scales that read them. */
  static final String LAYERS = "layers";

  /** All pairs, damage and statistic ranked within each scale. */
  static final String WITHIN = "within-scale";

  private static final int RESAMPLES = 2000;
  private static final int PERMUTATIONS = 9999;
  private static final double LEVEL = 0.05;

  /** Returns the correlations of the share of differing bits with every statistic. */
  static List<DamageCorrelation> of(CutDamage damage, List<DamagePredictor> predictors) {
    boolean pairs = damage.ofPairs();
    BlockedSpearman spearman =
        new BlockedSpearman(damage.bits(), pairs, RESAMPLES, PERMUTATIONS, 0);
    int first = damage.firstCutScale();
    Function<DamagePredictor, double[][]> values =
        f -> pairs ? f.at(damage.scales()) : f.meanZ(first);
    List<BlockedSpearman.Result> ranks =
        predictors.stream().map(f -> spearman.of(values.apply(f))).toList();
    double[] p =
        ranks.stream().mapToDouble(BlockedSpearman.Result::p).filter(Double::isFinite).toArray();
    double[] corrected = Holm.adjust(p);
    List<DamageCorrelation> all = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < ranks.size(); i++) {
      double holm = Double.isNaN(ranks.get(i).p()) ? Double.NaN : corrected[at++];
      all.add(
          new DamageCorrelation(pairs ? WITHIN : LAYERS, predictors.get(i), ranks.get(i), holm));
    }
    return all;
  }

  /** Returns the name, marked where roles cannot be assigned by the statistic. */
  String label() {
    return predictor.name() + (predictor.oriented() ? "" : " †");
  }

  /** Returns whether the correlation is significant after correction. */
  boolean significant() {
    return pHolm < LEVEL;
  }
}
