package io.scalekv.experiment;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.ImagePair;
import io.scalekv.metrics.Scoring;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Scoring of the images of a run against the references, batch by batch. */
final class Measurements {
  private final Run run;
  private final List<String> prompts;
  private final ReferenceStore.References references;
  private final Scoring scoring;
  private final List<Long> seeds = new ArrayList<>();
  private final double[] bitShares;
  private boolean drawnFromTokens;

  Measurements(
      Run run,
      List<String> prompts,
      UnaryOperator<String> captions,
      FeatureNets nets,
      ReferenceStore.References references) {
    this.run = run;
    this.prompts = prompts.stream().map(captions).toList();
    this.references = references;
    this.scoring =
        new Scoring(Metrics.named(run.metrics()), nets.of(run.nets()), references.features());
    this.bitShares = new double[run.generation().schedule().size()];
  }

  /**
   * Scores one batch.
   *
   * @param from index of its first image
   * @param drawn its images
   * @param bits their token bits, or null where there are none
   * @param shift offset of the seeds
   */
  void accept(int from, List<RgbImage> drawn, List<TokenBits> bits, long shift) throws IOException {
    List<RgbImage> full = references.images(from, from + drawn.size());
    List<ImagePair> pairs = new ArrayList<>();
    for (int i = 0; i < drawn.size(); i++) {
      int prompt = run.prompts().promptOf(from + i);
      seeds.add(run.prompts().seedOf(from + i) + shift);
      ImagePair pair =
          ImagePair.of(full.get(i), drawn.get(i)).inGroup(prompt).withCaption(prompts.get(prompt));
      pairs.add(bits == null ? pair : pair.withTokenAgreement(agreement(from + i, bits.get(i))));
    }
    scoring.accept(pairs);
  }

  private double agreement(int image, TokenBits bits) throws IOException {
    double[] shares = references.bits(image).agreement(bits);
    for (int k = 0; k < shares.length; k++) {
      bitShares[k] += shares[k];
    }
    drawnFromTokens = true;
    return bits.overall(shares);
  }

  /** Returns one entry an image. */
  List<RunResult.Image> images() {
    List<RunResult.Image> images = new ArrayList<>();
    List<Scoring.Score> scores = scoring.scores();
    for (int i = 0; i < scores.size(); i++) {
      Scoring.Score s = scores.get(i);
      images.add(RunResult.Image.of(s.group(), seeds.get(i), s.identical(), s.values()));
    }
    return images;
  }

  /**
   * Returns the mean share of equal bits of every map; null where images are not drawn from tokens.
   */
  List<Double> bitAgreementByMap() {
    return drawnFromTokens && run.metrics().contains("bits")
        ? Arrays.stream(bitShares).map(s -> s / seeds.size()).boxed().toList()
        : null;
  }

  /** Returns the values of the metrics, and reasons for those without one. */
  Scoring scoring() {
    return scoring;
  }
}
