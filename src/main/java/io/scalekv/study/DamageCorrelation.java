package io.scalekv.study;

import io.scalekv.metrics.Holm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Rank correlation of a statistic with the damage of a compressed cache. A negative ρ of an
 * oriented statistic means that its drafters are damaged more, as ScaleKV expects.
 *
 * @param measure of the damage
 * @param level observations that are compared
 * @param predictor the statistic
 * @param rank ρ, its intervals and its p-value
 * @param pHolm p after Holm's correction over the statistics of this measure and level
 */
record DamageCorrelation(
    CutDamage.Measure measure,
    String level,
    DamagePredictor predictor,
    BlockedSpearman.Result rank,
    double pHolm) {
  /** Whole layers compressed, against the mean of z over the scales that read them. */
  static final String LAYERS = "layers";

  /** All pairs against z over the layers of a scale, the ranking of ScaleKV. */
  static final String PAIRS_Z = "pairs-z";

  /** All pairs, damage and statistic ranked within each scale. */
  static final String WITHIN = "within-scale";

  private static final int RESAMPLES = 2000;
  private static final int PERMUTATIONS = 9999;
  private static final double LEVEL = 0.05;

  /** Returns the correlations of every measure and level with every statistic. */
  static List<DamageCorrelation> of(CutDamage damage, List<DamagePredictor> predictors) {
    List<DamageCorrelation> all = new ArrayList<>();
    List<Integer> scales = damage.scales();
    for (CutDamage.Measure m : CutDamage.Measure.values()) {
      double[][][] y = damage.values(m);
      if (!damage.ofPairs()) {
        int first = damage.firstCutScale();
        all.addAll(of(m, LAYERS, y, false, predictors, f -> f.meanZ(first)));
        continue;
      }
      all.addAll(of(m, WITHIN, y, true, predictors, f -> DamagePredictor.at(f.values(), scales)));
      all.addAll(of(m, PAIRS_Z, y, false, predictors, f -> DamagePredictor.at(f.z(), scales)));
    }
    return all;
  }

  private static List<DamageCorrelation> of(
      CutDamage.Measure measure,
      String level,
      double[][][] y,
      boolean within,
      List<DamagePredictor> predictors,
      Function<DamagePredictor, double[][]> values) {
    BlockedSpearman spearman = new BlockedSpearman(y, within, RESAMPLES, PERMUTATIONS, 0);
    List<BlockedSpearman.Result> ranks =
        predictors.stream().map(f -> spearman.of(values.apply(f))).toList();
    double[] p =
        ranks.stream().mapToDouble(BlockedSpearman.Result::p).filter(Double::isFinite).toArray();
    double[] corrected = Holm.adjust(p);
    List<DamageCorrelation> all = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < ranks.size(); i++) {
      double holm = Double.isNaN(ranks.get(i).p()) ? Double.NaN : corrected[at++];
      all.add(new DamageCorrelation(measure, level, predictors.get(i), ranks.get(i), holm));
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
