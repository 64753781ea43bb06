package io.scalekv.experiment;

import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.ImagePair;
import io.scalekv.scene.Faithfulness;
import io.scalekv.scene.FaithfulnessRate;
import io.scalekv.scene.FaithfulnessTally;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.Segmenter;
import java.util.Arrays;
import java.util.List;

/** Prompt faithfulness: share of the facts of a scene caption that the image shows. */
public final class CaptionMetrics {
  /** Name in experiments; keys are this, a point and the rate. */
  public static final String NAME = "faithfulness";

  /** One metric a rate. */
  public static final List<FidelityMetric> ALL =
      Arrays.stream(FaithfulnessRate.values()).<FidelityMetric>map(Rate::new).toList();

  private CaptionMetrics() {}

  /** Returns the key of a rate. */
  public static String key(FaithfulnessRate rate) {
    return NAME + "." + rate.key();
  }

  private record Rate(FaithfulnessRate rate) implements FidelityMetric {
    private FaithfulnessTally tally(ImagePair pair) {
      return pair.reading(FaithfulnessTally.class, Rate::read);
    }

    private static FaithfulnessTally read(ImagePair pair) {
      FaithfulnessTally tally = FaithfulnessTally.create();
      pair.caption()
          .ifPresent(
              c ->
                  tally.accept(
                      Faithfulness.of(SceneGrammar.parse(c), Segmenter.read(pair.image()))));
      return tally;
    }

    @Override
    public double of(ImagePair pair) {
      return tally(pair).rate(rate);
    }

    @Override
    public int cases(ImagePair pair) {
      return Math.toIntExact(tally(pair).cases(rate));
    }

    @Override
    public String key() {
      return CaptionMetrics.key(rate);
    }

    @Override
    public String label() {
      return NAME + ", " + rate.key();
    }

    @Override
    public int digits() {
      return 3;
    }

    @Override
    public boolean higherIsBetter() {
      return true;
    }
  }
}
