package io.scalekv.vocabtrim.run;

import io.scalekv.experiment.Machine;
import io.scalekv.vocabtrim.measure.DraftCost;
import io.scalekv.vocabtrim.measure.RatioBootstrap.Estimate;
import io.scalekv.vocabtrim.measure.TextVariety;
import java.util.List;

/**
 * What a cell gave.
 *
 * @param cell its settings
 * @param cost of a drafted token
 * @param variety of the target's responses
 * @param calibrationTokens tokens counted
 * @param calibrationDistinct different ones
 * @param coverage of the target's responses at every size
 * @param curves one for each γ
 * @param loops the real loop; empty if not asked for
 * @param provenance where it comes from
 */
public record TrimResult(
    TrimCell cell,
    DraftCost cost,
    TextVariety variety,
    long calibrationTokens,
    int calibrationDistinct,
    List<Double> coverage,
    List<Curve> curves,
    List<LoopResult> loops,
    Provenance provenance) {
  /** Copies the lists. */
  public TrimResult {
    coverage = List.copyOf(coverage);
    curves = List.copyOf(curves);
    loops = List.copyOf(loops);
  }

  /**
   * All sizes at one γ.
   *
   * @param gamma drafted tokens of a block
   * @param points one for each size
   * @param best index of the highest MBSU
   * @param gain MBSU there less that of the whole vocabulary, paired over prompts
   * @param exactBest best of all k from 1 to V; null where drafts are sampled
   */
  public record Curve(int gamma, List<Point> points, int best, Estimate gain, Integer exactBest) {
    /** Copies the list. */
    public Curve {
      points = List.copyOf(points);
    }

    /** Whether both ends are lower than the best. */
    public boolean interior() {
      double most = points.get(best).mbsu().value();
      return most > points.get(0).mbsu().value()
          && most > points.get(points.size() - 1).mbsu().value();
    }
  }

  /**
   * One size.
   *
   * @param k retained tokens
   * @param tau block efficiency with its interval over prompts
   * @param mbsu likewise
   * @param acceptance by place in the block, up to the last place that was ever reached
   * @param outside rejections per generated token because the token is not kept
   * @param wrong rejections per generated token because the draft model was wrong
   */
  public record Point(
      int k, Estimate tau, Estimate mbsu, List<Double> acceptance, double outside, double wrong) {
    /** Copies the list. */
    public Point {
      acceptance = List.copyOf(acceptance);
    }
  }

  /**
   * The real loop at one size and the first γ.
   *
   * @param k retained tokens; 0 for the target alone
   * @param tau block efficiency measured; 1 for the target alone
   * @param replayed that of the sweep on the same prompts; for greedy text equal
   * @param tokensPerSecond median of the repetitions
   * @param slowest of them
   * @param fastest of them
   */
  public record LoopResult(
      int k, double tau, double replayed, double tokensPerSecond, double slowest, double fastest) {}

  /**
   * Where a result comes from.
   *
   * @param commit of the sources
   * @param machine it was made on
   * @param finished time in UTC
   * @param wallSeconds of the cell, without texts that other cells had made
   */
  public record Provenance(String commit, Machine machine, String finished, double wallSeconds) {}
}
