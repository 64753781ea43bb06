package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Metric.Net;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Scoring of images against references, batch by batch: every metric of every pair, then the mean
 * of each with its interval, and the distances of the two sets. Memory grows by the numbers and by
 * one feature vector an image, not by the images.
 */
public final class Scoring {
  /** Fewest images for a distance of sets. */
  public static final int FEWEST_FOR_SETS = 10;

  private static final int FID_SAMPLES = 5000;

  /**
   * The values of one pair.
   *
   * @param group see {@link ImagePair#group}
   * @param identical see {@link ImagePair#identical}
   * @param values by {@link Metric#key}; +∞ possible; metrics that do not apply are absent
   */
  public record Score(int group, boolean identical, Map<String, Double> values) {}

  /** Vectors of both sets by one net. */
  private record Vectors(List<double[]> references, List<double[]> images) {}

  private final List<Metric> metrics;
  private final MetricNets nets;
  private final ReferenceFeatures known;
  private final List<Score> scores = new ArrayList<>();
  private final List<Map<String, Integer>> cases = new ArrayList<>();
  private final Map<Net, Vectors> vectors = new EnumMap<>(Net.class);
  private final List<String> notes = new ArrayList<>();

  /**
   * @param metrics in the order of the results
   * @param nets the nets behind them
   * @param known features of the references; shared by all scorings against the same references
   */
  public Scoring(List<? extends Metric> metrics, MetricNets nets, ReferenceFeatures known) {
    this.metrics = List.copyOf(metrics);
    this.nets = nets;
    this.known = known;
  }

  /** Scores more pairs; their references follow those of the call before. */
  public void accept(List<ImagePair> pairs) {
    pairs.forEach(p -> Sizes.requireEqual("image pair", p.reference(), p.image()));
    boolean features = wants(Net.FEATURES, FidelityMetric.class);
    if (features || wants(Net.FEATURES, SetMetric.class)) {
      features(pairs, features);
    }
    if (wants(Net.INCEPTION, SetMetric.class)) {
      Vectors v = vectors(Net.INCEPTION);
      FeatureNet net = nets.inception();
      v.references().addAll(Arrays.asList(known.vectors(net, scores.size(), references(pairs))));
      v.images().addAll(Arrays.asList(net.pooled(images(pairs))));
    }
    Lpips lpips = wants(Net.LPIPS, FidelityMetric.class) ? nets.lpips() : null;
    for (ImagePair pair : pairs) {
      pair.lpips(lpips);
      score(pair);
      pair.features(null, null, 0);
    }
  }

  private boolean wants(Net net, Class<? extends Metric> kind) {
    return metrics.stream().anyMatch(m -> m.net() == net && kind.isInstance(m));
  }

  private Vectors vectors(Net net) {
    return vectors.computeIfAbsent(net, n -> new Vectors(new ArrayList<>(), new ArrayList<>()));
  }

  private static List<RgbImage> references(List<ImagePair> pairs) {
    return pairs.stream().map(ImagePair::reference).toList();
  }

  private static List<RgbImage> images(List<ImagePair> pairs) {
    return pairs.stream().map(ImagePair::image).toList();
  }

  private void features(List<ImagePair> pairs, boolean ofPairs) {
    FeatureNet net = nets.features();
    boolean ofSets = wants(Net.FEATURES, SetMetric.class);
    int at = 0;
    for (List<RgbImage> batch : ImageBatches.of(images(pairs), FeatureNet.BATCH_PIXELS)) {
      List<RgbImage> full = references(pairs.subList(at, at + batch.size()));
      int from = scores.size() + at;
      List<FeatureMap> y = net.features(batch);
      List<FeatureMap> x = ofPairs ? known.maps(net, from, full) : null;
      for (int i = 0; i < batch.size() && ofPairs; i++) {
        pairs.get(at + i).features(x, y, i);
      }
      if (ofSets) {
        double[][] references =
            ofPairs ? known.vectors(net, from, batch.size(), x) : known.vectors(net, from, full);
        vectors(Net.FEATURES).references().addAll(Arrays.asList(references));
        vectors(Net.FEATURES).images().addAll(FeatureNet.vectors(y));
      }
      at += batch.size();
    }
  }

  private void score(ImagePair pair) {
    Map<String, Double> values = new LinkedHashMap<>();
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      if (metric instanceof FidelityMetric m) {
        double value = m.of(pair);
        if (!Double.isNaN(value)) {
          values.put(m.key(), value);
          counts.put(m.key(), m.cases(pair));
        }
      }
    }
    scores.add(new Score(pair.group(), pair.identical(), values));
    cases.add(counts);
  }

  /** Returns one entry a pair, in their order. */
  public List<Score> scores() {
    return List.copyOf(scores);
  }

  /**
   * Returns the mean of every metric with its 95 % bootstrap interval over groups, and the
   * distances of the sets without one. A metric without a value is absent; {@link #notes} says why.
   */
  public Map<String, Interval> summary() {
    notes.clear();
    Map<String, Interval> summary = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      if (metric instanceof SetMetric m) {
        distance(m, summary);
      } else if (scores.stream().anyMatch(s -> s.values().containsKey(metric.key()))) {
        summary.put(metric.key(), Bootstrap.withSeed(0).mean(byGroup(metric.key())));
      } else if (metric == ImageMetrics.BITS) {
        notes.add("bits: these images are not drawn from tokens");
      }
    }
    return summary;
  }

  private void distance(SetMetric metric, Map<String, Interval> summary) {
    int n = scores.size();
    if (n < FEWEST_FOR_SETS) {
      notes.add(metric.key() + " needs at least " + FEWEST_FOR_SETS + " images, got " + n);
      return;
    }
    Vectors v = vectors(metric.net());
    double value =
        metric.of(v.references().toArray(double[][]::new), v.images().toArray(double[][]::new));
    summary.put(metric.key(), new Interval(value, Double.NaN, Double.NaN, n, 0));
    if (metric.net() == Net.INCEPTION && n < FID_SAMPLES) {
      notes.add(
          metric.key() + " is biased upwards by " + n + " images; the paper took " + FID_SAMPLES);
    }
  }

  /** [group][case]; a value that is the mean of several cases stands once for each. */
  private double[][] byGroup(String key) {
    int groups = scores.stream().mapToInt(Score::group).max().orElse(-1) + 1;
    List<List<Double>> all =
        IntStream.range(0, groups).<List<Double>>mapToObj(g -> new ArrayList<>()).toList();
    for (int i = 0; i < scores.size(); i++) {
      Double value = scores.get(i).values().get(key);
      for (int c = 0; value != null && c < cases.get(i).get(key); c++) {
        all.get(scores.get(i).group()).add(value);
      }
    }
    return all.stream()
        .map(g -> g.stream().mapToDouble(Double::doubleValue).toArray())
        .toArray(double[][]::new);
  }

  /** Returns the reasons for metrics absent from {@link #summary}, one line each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }
}
