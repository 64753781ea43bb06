package io.scalekv.report;

import io.scalekv.experiment.CutDamage;
import io.scalekv.metrics.BlockedSpearman;
import io.scalekv.metrics.Holm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a feature goes with the damage of a cut. A negative ρ of an oriented feature means that
 * drafters are damaged more, as ScaleKV expects.
 *
 * @param measure of the damage
 * @param level what is compared with what
 * @param feature the feature
 * @param rank ρ, its intervals and its p-value
 * @param pHolm p after Holm's correction over the features of this measure and level
 */
record DamageCorrelation(
    CutDamage.Measure measure,
    String level,
    LayerFeature feature,
    BlockedSpearman.Result rank,
    double pHolm) {
  /** Whole layers cut against the mean of z over the scales that read a cut cache. */
  static final String LAYERS = "layers";

  /** All pairs against the feature as it is. */
  static final String PAIRS = "pairs";

  /** All pairs against z over the layers of a scale: what ScaleKV ranks. */
  static final String PAIRS_Z = "pairs-z";

  /** All pairs, damage and feature ranked within each scale. */
  static final String WITHIN = "within-scale";

  private static final int RESAMPLES = 2000;
  private static final int PERMUTATIONS = 9999;
  private static final double LEVEL = 0.05;

  /** One comparison still without features. */
  private interface Values {
    double[][] of(LayerFeature feature);
  }

  /** Every measure and level of a measurement against every feature. */
  static List<DamageCorrelation> of(CutDamage damage, List<LayerFeature> features) {
    List<DamageCorrelation> all = new ArrayList<>();
    for (CutDamage.Measure m : CutDamage.Measure.values()) {
      double[][][] y = damage.values(m);
      if (!damage.ofPairs()) {
        all.addAll(of(m, LAYERS, y, false, features, f -> f.meanZ(damage.firstCutScale())));
        continue;
      }
      List<Integer> scales = damage.scales();
      all.addAll(of(m, WITHIN, y, true, features, f -> LayerFeature.at(f.values(), scales)));
      all.addAll(of(m, PAIRS_Z, y, false, features, f -> LayerFeature.at(f.z(), scales)));
      all.addAll(of(m, PAIRS, y, false, features, f -> LayerFeature.at(f.values(), scales)));
      for (int i = 0; i < scales.size(); i++) {
        int place = i;
        List<Integer> one = List.of(scales.get(i));
        double[][][] own =
            Arrays.stream(y).map(l -> new double[][] {l[place]}).toArray(double[][][]::new);
        all.addAll(
            of(
                m,
                "scale-" + one.get(0),
                own,
                false,
                features,
                f -> LayerFeature.at(f.values(), one)));
      }
    }
    return all;
  }

  private static List<DamageCorrelation> of(
      CutDamage.Measure measure,
      String level,
      double[][][] y,
      boolean within,
      List<LayerFeature> features,
      Values values) {
    BlockedSpearman spearman = new BlockedSpearman(y, within, RESAMPLES, PERMUTATIONS, 0);
    List<BlockedSpearman.Result> ranks =
        features.stream().map(f -> spearman.of(values.of(f))).toList();
    double[] p =
        ranks.stream().mapToDouble(BlockedSpearman.Result::p).filter(Double::isFinite).toArray();
    double[] corrected = Holm.adjust(p);
    List<DamageCorrelation> all = new ArrayList<>();
    int at = 0;
    for (int i = 0; i < ranks.size(); i++) {
      double holm = Double.isNaN(ranks.get(i).p()) ? Double.NaN : corrected[at++];
      all.add(new DamageCorrelation(measure, level, features.get(i), ranks.get(i), holm));
    }
    return all;
  }

  /** Whether the correlation is told from none after correction. */
  boolean significant() {
    return pHolm < LEVEL;
  }
}
