package io.scalekv.experiment;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.FeatureMap;
import io.scalekv.metrics.FeatureNet;
import io.scalekv.metrics.FeatureProjection;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.HaarPsi;
import io.scalekv.metrics.ImageBatches;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Kid;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.metrics.MsSsim;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.Ssim;
import io.scalekv.scene.Faithfulness;
import io.scalekv.scene.FaithfulnessRate;
import io.scalekv.scene.FaithfulnessTally;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.Segmenter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Measures the images of a cell against the references, batch by batch. */
final class Measurements {
  private static final int KID_SUBSETS = 50;
  private static final int KID_LARGEST = 100;
  private static final int FEWEST_FOR_SETS = 10;
  private static final int FID_SAMPLES = 5000;

  private final Cell cell;
  private final List<String> prompts;
  private final FeatureNets nets;
  private final ReferenceStore.References references;
  private final FeatureNet features;
  private final List<CellResult.Image> images = new ArrayList<>();
  private final List<double[]> pooled = new ArrayList<>();
  private final List<double[]> pooledReferences = new ArrayList<>();
  private final List<double[]> inception = new ArrayList<>();
  private final List<double[]> inceptionReferences = new ArrayList<>();
  private final double[] bitShares;

  Measurements(
      Cell cell, List<String> prompts, FeatureNets nets, ReferenceStore.References references) {
    this.cell = cell;
    this.prompts = prompts;
    this.nets = nets;
    this.references = references;
    boolean needed = cell.metrics().stream().anyMatch(Metric::needsFeatures);
    this.features = needed ? nets.features(cell.nets()) : null;
    this.bitShares = new double[cell.generation().schedule().size()];
  }

  private boolean wants(Metric metric) {
    return cell.metrics().contains(metric);
  }

  /**
   * Measures one batch.
   *
   * @param from index of its first image
   * @param drawn its images
   * @param bits their token bits, or null where there are none
   * @param shift what was added to the seeds
   */
  void accept(int from, List<RgbImage> drawn, List<TokenBits> bits, long shift) throws IOException {
    List<RgbImage> full = references.images(from, from + drawn.size());
    double[] proxy = features == null ? null : features(from, full, drawn);
    for (int i = 0; i < drawn.size(); i++) {
      int prompt = cell.prompts().promptOf(from + i);
      RgbImage a = full.get(i);
      RgbImage b = drawn.get(i);
      boolean identical = a.equals(b);
      images.add(
          new CellResult.Image(
              prompt,
              cell.prompts().seedOf(from + i) + shift,
              identical,
              wants(Metric.PSNR) && !identical ? Psnr.db(a, b) : null,
              wants(Metric.SSIM) ? Ssim.of(a, b) : null,
              wants(Metric.MS_SSIM) ? MsSsim.of(a, b) : null,
              wants(Metric.HAAR_PSI) ? HaarPsi.of(a, b) : null,
              proxy == null ? null : Double.valueOf(proxy[i]),
              wants(Metric.LPIPS) ? lpips(a, b) : null,
              wants(Metric.BITS) && bits != null ? agreement(from + i, bits.get(i)) : null,
              wants(Metric.FAITHFULNESS) ? faithfulness(prompts.get(prompt), b) : null));
    }
    if (wants(Metric.FID)) {
      InceptionFeatures net = nets.inception(cell.nets());
      pool(
          net,
          () -> Arrays.asList(net.pooled(full)),
          Arrays.asList(net.pooled(drawn)),
          inceptionReferences,
          inception);
    }
  }

  /**
   * What rests on the features of our own nets, each taken once: the pooled vectors of both sets,
   * and the distances of the pairs, or null.
   */
  private double[] features(int from, List<RgbImage> full, List<RgbImage> drawn) {
    boolean pairs = wants(Metric.LPIPS_PROXY);
    boolean sets = wants(Metric.FRECHET) || wants(Metric.KID);
    double[] distances = pairs ? new double[drawn.size()] : null;
    int at = 0;
    for (List<RgbImage> batch : ImageBatches.of(drawn, FeatureNet.BATCH_PIXELS)) {
      int end = at + batch.size();
      List<FeatureMap> y = features.features(batch);
      List<FeatureMap> x =
          pairs || !references.pooled().containsKey(features.name())
              ? references.features(features, from + at, full.subList(at, end))
              : null;
      if (pairs) {
        System.arraycopy(LpipsProxy.of(x, y), 0, distances, at, batch.size());
      }
      if (sets) {
        pool(
            features, () -> FeatureNet.vectors(x), FeatureNet.vectors(y), pooledReferences, pooled);
      }
      at = end;
    }
    return distances;
  }

  private Double lpips(RgbImage a, RgbImage b) throws IOException {
    Lpips net = nets.lpips(cell.nets());
    return net.of(a, b);
  }

  private Double agreement(int image, TokenBits bits) throws IOException {
    double[] shares = references.bits(image).agreement(bits);
    for (int k = 0; k < shares.length; k++) {
      bitShares[k] += shares[k];
    }
    return bits.overall(shares);
  }

  private static Map<String, CellResult.Share> faithfulness(String prompt, RgbImage image) {
    FaithfulnessTally tally =
        FaithfulnessTally.create()
            .accept(Faithfulness.of(SceneGrammar.parse(prompt), Segmenter.read(image)));
    Map<String, CellResult.Share> shares = new LinkedHashMap<>();
    for (FaithfulnessRate rate : FaithfulnessRate.values()) {
      if (tally.cases(rate) > 0) {
        shares.put(
            rate.key(),
            new CellResult.Share(
                Math.toIntExact(tally.right(rate)), Math.toIntExact(tally.cases(rate))));
      }
    }
    return shares;
  }

  /**
   * Takes the vectors of more images. Those of the references are the same for every cell: the
   * first one keeps them.
   */
  private void pool(
      FeatureNet net,
      Supplier<List<double[]>> full,
      List<double[]> drawn,
      List<double[]> ofFull,
      List<double[]> ofDrawn) {
    int at = ofDrawn.size();
    ofDrawn.addAll(drawn);
    double[][] known = references.pooled().get(net.name());
    ofFull.addAll(known == null ? full.get() : Arrays.asList(known).subList(at, ofDrawn.size()));
    if (ofFull.size() == cell.prompts().images()) {
      references.pooled().putIfAbsent(net.name(), ofFull.toArray(double[][]::new));
    }
  }

  /** One entry an image. */
  List<CellResult.Image> images() {
    return images;
  }

  /** Mean share of equal bits of every map, or null. */
  List<Double> bitAgreementByMap() {
    if (images.isEmpty() || images.get(0).bitAgreement() == null) {
      return null;
    }
    return Arrays.stream(bitShares).map(s -> s / images.size()).boxed().toList();
  }

  /** The mean of every metric of pairs. */
  Map<String, CellResult.Estimate> means() {
    Map<String, CellResult.Estimate> means = new LinkedHashMap<>();
    for (Metric metric : cell.metrics()) {
      if (metric == Metric.FAITHFULNESS) {
        faithfulness(means);
      } else if (!metric.ofSets() && images.get(0).value(metric) != null) {
        double[][] values = byPrompt(i -> new double[] {i.value(metric)});
        put(means, metric.result(), label(metric), values);
      }
    }
    return means;
  }

  private void faithfulness(Map<String, CellResult.Estimate> means) {
    for (FaithfulnessRate rate : FaithfulnessRate.values()) {
      double[][] values = byPrompt(i -> cases(i.faithfulness().get(rate.key())));
      if (Arrays.stream(values).anyMatch(v -> v.length > 0)) {
        String name = Metric.FAITHFULNESS.result() + "." + rate.key();
        put(means, name, name, values);
      }
    }
  }

  /** One value a case, 1 where it is right. */
  private static double[] cases(CellResult.Share share) {
    double[] values = new double[share == null ? 0 : share.cases()];
    Arrays.fill(values, 0, share == null ? 0 : share.right(), 1);
    return values;
  }

  private static void put(
      Map<String, CellResult.Estimate> means, String name, String label, double[][] values) {
    Interval interval = Bootstrap.withSeed(0).mean(values);
    means.put(name, CellResult.Estimate.of(label, interval));
  }

  private interface Values {
    double[] of(CellResult.Image image);
  }

  private double[][] byPrompt(Values values) {
    double[][] all = new double[cell.prompts().count()][0];
    for (CellResult.Image image : images) {
      double[] own = values.of(image);
      double[] before = all[image.prompt()];
      double[] joined = Arrays.copyOf(before, before.length + own.length);
      System.arraycopy(own, 0, joined, before.length, own.length);
      all[image.prompt()] = joined;
    }
    return all;
  }

  private String label(Metric metric) {
    return switch (metric) {
      case LPIPS_PROXY -> LpipsProxy.label(features);
      case LPIPS -> cell.nets().lpips();
      default -> metric.result();
    };
  }

  /** The distances of the two sets; why there is none goes to the notes. */
  Map<String, CellResult.SetDistance> sets(List<String> notes) {
    Map<String, CellResult.SetDistance> sets = new LinkedHashMap<>();
    int n = cell.prompts().images();
    for (Metric metric : cell.metrics()) {
      if (metric.ofSets() && n < FEWEST_FOR_SETS) {
        notes.add(metric.key() + ": at least " + FEWEST_FOR_SETS + " images expected, got " + n);
      } else if (metric == Metric.FRECHET) {
        sets.put(metric.result(), frechet(n));
      } else if (metric == Metric.KID) {
        sets.put(metric.result(), kid(n));
      } else if (metric == Metric.FID) {
        sets.put(metric.result(), fid(n));
        if (n < FID_SAMPLES) {
          notes.add("fid: biased upwards by " + n + " images; the paper took " + FID_SAMPLES);
        }
      }
    }
    if (wants(Metric.BITS) && bitAgreementByMap() == null) {
      notes.add("bits: these images are not drawn from tokens");
    }
    return sets;
  }

  private CellResult.SetDistance frechet(int n) {
    double[][] a = rows(pooledReferences);
    double[][] b = rows(pooled);
    FeatureProjection projection = FeatureProjection.forSamples(a[0].length, n, 0);
    return new CellResult.SetDistance(
        "frechet(" + features.name() + ")",
        Frechet.of(projection.project(a), projection.project(b)),
        null,
        projection.projectedWidth(),
        n,
        null,
        null);
  }

  private CellResult.SetDistance kid(int n) {
    double[][] a = rows(pooledReferences);
    int size = Math.min(KID_LARGEST, n / 2);
    Kid.OverSubsets kid = Kid.pairedOverSubsets(a, rows(pooled), size, KID_SUBSETS, 0);
    return new CellResult.SetDistance(
        "kid(" + features.name() + ")",
        kid.mean(),
        kid.standardDeviation(),
        a[0].length,
        n,
        kid.subsets(),
        kid.size());
  }

  private CellResult.SetDistance fid(int n) {
    return new CellResult.SetDistance(
        "fid",
        Frechet.of(rows(inceptionReferences), rows(inception)),
        null,
        InceptionFeatures.WIDTH,
        n,
        null,
        null);
  }

  private static double[][] rows(List<double[]> rows) {
    return rows.toArray(double[][]::new);
  }
}
