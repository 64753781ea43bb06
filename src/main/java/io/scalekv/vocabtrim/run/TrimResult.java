package io.scalekv.vocabtrim.run;

import io.scalekv.experiment.Machine;
import io.scalekv.metrics.Interval;
import io.scalekv.vocabtrim.measure.DraftCost;
import io.scalekv.vocabtrim.measure.TextVariety;
import java.util.List;

/**
 * Result of a run.
 *
 * @param coverage of the target's responses at every size
 * @param loops measurements of the real loop; may be empty
 */
public record TrimResult(
    TrimSpec.Run run,
    DraftCost cost,
    TextVariety variety,
    long calibrationTokens,
    int calibrationDistinct,
    List<Double> coverage,
    List<Curve> curves,
    List<Loop> loops,
    Provenance provenance) {

  /**
   * Curve over all sizes at one γ.
   *
   * @param best index of the highest MBSU
   * @param gain MBSU there minus that of the whole vocabulary, paired over prompts
   * @param exactBest best of all k from 1 to V; null where drafts are sampled
   */
  public record Curve(int gamma, List<Point> points, int best, Interval gain, Integer exactBest) {
    /** Returns the point of the highest MBSU. */
    Point bestPoint() {
      return points.get(best);
    }

    /** Returns the point of the whole vocabulary. */
    Point full() {
      return points.get(points.size() - 1);
    }

    /** Returns whether MBSU is lower at both ends than at its maximum. */
    boolean interior() {
      double most = bestPoint().mbsu().mean();
      return most > points.get(0).mbsu().mean() && most > full().mbsu().mean();
    }
  }

  /**
   * Point of a curve.
   *
   * @param k retained tokens
   * @param acceptance by position in the block, up to the last one ever reached
   * @param outside rejections per generated token because the token is not retained
   * @param wrong all other rejections per generated token
   */
  public record Point(
      int k, Interval tau, Interval mbsu, List<Double> acceptance, double outside, double wrong) {}

  /**
   * Measurement of the real loop at one size and the first γ.
   *
   * @param k retained tokens; 0 for the target alone
   * @param tau measured block efficiency; 1 for the target alone
   * @param replayed block efficiency of the traces on the same prompts; equal for greedy text
   * @param identical prompts whose text is that of the target alone; for sampled text that of its
   *     own random numbers
   * @param tokensPerSecond median of the repetitions
   */
  public record Loop(
      int k,
      double tau,
      double replayed,
      int identical,
      int prompts,
      double tokensPerSecond,
      double slowest,
      double fastest) {}

  /**
   * Provenance of a result.
   *
   * @param finished time in UTC
   * @param wallSeconds of the run, without responses shared with earlier runs
   */
  public record Provenance(String commit, Machine machine, String finished, double wallSeconds) {}
}
