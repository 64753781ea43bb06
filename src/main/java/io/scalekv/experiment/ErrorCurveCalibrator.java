package io.scalekv.experiment;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.policy.ErrorCurve;
import io.scalekv.cache.policy.ErrorCurves;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.profile.ErrorCurveTap;
import io.scalekv.profile.KeyImportanceTap;
import io.scalekv.profile.ProfileGeometry;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Calibration of the error-curve policy in three rounds: what every token is worth to later maps,
 * with the full cache; then, with tokens ranked by that, the error curves; then what an error in
 * each layer costs, by cutting one layer at a time and counting the bits of the image that flip.
 */
public final class ErrorCurveCalibrator {
  /** Prompts of the third round at most. */
  private static final int PROBES = 32;

  private static final int BATCH = 8;

  private final ImageModel model;
  private final Drawing drawing;
  private final ProfileGeometry geometry;

  /** A calibration of a model. */
  public ErrorCurveCalibrator(ImageModel model, Drawing drawing) {
    this.model = model;
    this.drawing = drawing;
    Geometry config = model.config().geometry();
    this.geometry = new ProfileGeometry(config.layers(), config.heads(), drawing.schedule());
  }

  /** Batches of prompts that {@link #measure} draws. */
  public int steps(int prompts) {
    return 2 * batches(prompts) + (geometry.layers() + 1) * batches(Math.min(prompts, PROBES));
  }

  private static int batches(int prompts) {
    return (prompts + BATCH - 1) / BATCH;
  }

  /**
   * Measures.
   *
   * @param texts prompts, at least one
   * @param onStep told the number of batches done after each, {@link #steps} in all
   */
  public ErrorCurves measure(List<String> texts, IntConsumer onStep) {
    Require.that(!texts.isEmpty(), "prompts must be at least one, got none");
    List<Prompt> prompts = drawing.images(texts);
    int[] done = new int[1];
    Runnable step = () -> onStep.accept(++done[0]);
    CacheSettings full = model.fullCache(drawing.schedule());
    KeyImportanceTap worth = KeyImportanceTap.create(geometry);
    draw(prompts, full, List.of(worth), GenerationListener.NONE, step);
    float[][][][] importance = worth.importance();
    ErrorCurveTap curves =
        ErrorCurveTap.create(geometry, layer -> ErrorCurve.calibrationScorer(importance, layer));
    draw(prompts, full, List.of(curves), GenerationListener.NONE, step);
    ErrorCurves alike =
        new ErrorCurves(curves.tokens(), curves.error(), importance, new double[geometry.layers()]);
    double[] sensitivity =
        sensitivity(prompts.subList(0, Math.min(PROBES, prompts.size())), full, alike, step);
    return new ErrorCurves(alike.tokens(), alike.error(), importance, sensitivity);
  }

  /** Squared share of flipped bits over squared error, where one layer alone is cut. */
  private double[] sensitivity(
      List<Prompt> prompts, CacheSettings full, ErrorCurves curves, Runnable step) {
    int budget = ErrorCurve.probeTokens(drawing.schedule());
    TokenBits[] whole = bits(prompts, full, step);
    double[] sensitivity = new double[geometry.layers()];
    for (int l = 0; l < sensitivity.length; l++) {
      CachePolicy cut = ErrorCurve.probe(drawing.schedule(), curves, l, budget);
      TokenBits[] bits = bits(prompts, CacheSettings.of(cut), step);
      double flipped = 0;
      for (int i = 0; i < bits.length; i++) {
        flipped += 1 - whole[i].overall(whole[i].agreement(bits[i]));
      }
      flipped /= bits.length;
      sensitivity[l] = flipped * flipped / ErrorCurve.error(curves, l, budget);
    }
    double mean = Arrays.stream(sensitivity).average().orElse(0);
    for (int l = 0; l < sensitivity.length; l++) {
      sensitivity[l] = mean > 0 ? sensitivity[l] / mean : 1;
    }
    return sensitivity;
  }

  private TokenBits[] bits(List<Prompt> prompts, CacheSettings cache, Runnable step) {
    BitRecorder recorder = new BitRecorder();
    TokenBits[] all = new TokenBits[prompts.size()];
    int[] at = new int[1];
    draw(
        prompts,
        cache,
        List.of(),
        recorder,
        () -> {
          for (List<boolean[]> image : recorder.images()) {
            all[at[0]++] = new TokenBits(image);
          }
          step.run();
        });
    return all;
  }

  private void draw(
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener,
      Runnable step) {
    for (int i = 0; i < prompts.size(); i += BATCH) {
      model.drawCodes(
          drawing, prompts.subList(i, Math.min(prompts.size(), i + BATCH)), cache, taps, listener);
      step.run();
    }
  }
}
