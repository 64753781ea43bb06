package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Metric.Net;
import io.scalekv.metrics.TorchScriptNet.NetFailure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /**
   * Feature vectors of one pair.
   *
   * @param reference [C] of the reference
   * @param image [C] of the image
   */
  public record Vectors(double[] reference, double[] image) {}

  private final List<Metric> metrics;
  private final MetricNets nets;
  private final ReferenceFeatures known;
  private final Workers workers;
  private final List<Score> scores = new ArrayList<>();
  private final List<Map<String, Integer>> cases = new ArrayList<>();
  private final List<Map<Net, Vectors>> vectors = new ArrayList<>();
  private final Map<Metric, String> failures = new LinkedHashMap<>();
  private final Map<Metric, Integer> tooSmall = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * @param metrics in the order of the results
   * @param nets the nets behind them
   * @param known features of the references; shared by all scorings against the same references
   */
  public Scoring(List<? extends Metric> metrics, MetricNets nets, ReferenceFeatures known) {
    this(metrics, nets, known, Workers.NONE);
  }

  /**
   * @param workers threads for the metrics that need no net
   */
  public Scoring(
      List<? extends Metric> metrics, MetricNets nets, ReferenceFeatures known, Workers workers) {
    this.metrics = List.copyOf(metrics);
    this.nets = nets;
    this.known = known;
    this.workers = workers;
  }

  /** Scores more pairs; their references follow those of the call before. */
  public void accept(List<ImagePair> pairs) {
    pairs.forEach(p -> Sizes.requireEqual("image pair", p.reference(), p.image()));
    pairs.forEach(p -> vectors.add(new EnumMap<>(Net.class)));
    if (wants(Net.FEATURES, FidelityMetric.class) || wants(Net.FEATURES, SetMetric.class)) {
      features(pairs);
    }
    if (wants(Net.INCEPTION, SetMetric.class)) {
      inception(pairs);
    }
    List<Map<String, Double>> pixels = workers.map(pairs, p -> values(p, true));
    for (int i = 0; i < pairs.size(); i++) {
      Map<String, Double> values = new LinkedHashMap<>();
      Map<String, Double> ofNets = values(pairs.get(i), false);
      for (Metric m : metrics) {
        Double value = m.net() == Net.NONE ? pixels.get(i).get(m.key()) : ofNets.get(m.key());
        if (value != null) {
          values.put(m.key(), value);
        }
      }
      add(pairs.get(i), values);
    }
  }

  private void add(ImagePair pair, Map<String, Double> values) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      if (metric instanceof FidelityMetric m && values.containsKey(m.key())) {
        counts.put(m.key(), m.cases(pair));
      }
    }
    countTooSmall(shortest(pair));
    scores.add(new Score(pair.group(), pair.identical(), values));
    cases.add(counts);
    pair.features(null, null, 0);
  }

  private void countTooSmall(int side) {
    for (Metric metric : metrics) {
      if (metric instanceof FidelityMetric m && m.leastSide() > side) {
        tooSmall.merge(m, 1, Integer::sum);
      }
    }
  }

  /**
   * Takes a score that was computed before, in the place of {@link #accept}.
   *
   * @param shortest shortest side of the images
   * @param ofPair its feature vectors, as {@link #vectors} returned them
   */
  public void restore(Score score, int shortest, Map<Net, Vectors> ofPair) {
    countTooSmall(shortest);
    Map<String, Integer> counts = new LinkedHashMap<>();
    score.values().keySet().forEach(key -> counts.put(key, 1));
    scores.add(score);
    cases.add(counts);
    vectors.add(new EnumMap<>(Net.class));
    vectors.get(vectors.size() - 1).putAll(ofPair);
  }

  /** Returns the feature vectors of a pair, by the net of a metric of sets. */
  public Map<Net, Vectors> vectors(int pair) {
    return Collections.unmodifiableMap(vectors.get(pair));
  }

  private static int shortest(ImagePair pair) {
    return Math.min(pair.reference().width(), pair.reference().height());
  }

  private boolean wants(Net net, Class<? extends Metric> kind) {
    return metrics.stream().anyMatch(m -> m.net() == net && kind.isInstance(m));
  }

  private static List<RgbImage> references(List<ImagePair> pairs) {
    return pairs.stream().map(ImagePair::reference).toList();
  }

  private static List<RgbImage> images(List<ImagePair> pairs) {
    return pairs.stream().map(ImagePair::image).toList();
  }

  private void inception(List<ImagePair> pairs) {
    try {
      FeatureNet net = nets.inception();
      double[][] references = known.vectors(net, scores.size(), references(pairs));
      double[][] images = net.pooled(images(pairs));
      for (int i = 0; i < images.length; i++) {
        put(i, Net.INCEPTION, references[i], images[i]);
        requireFinite(net, pairs.get(i), i, "reference", references[i]);
        requireFinite(net, pairs.get(i), i, "image", images[i]);
      }
    } catch (NetFailure e) {
      fail(Net.INCEPTION, e.getMessage());
    }
  }

  private void requireFinite(FeatureNet net, ImagePair pair, int i, String side, double[] vector) {
    for (double x : vector) {
      if (!Double.isFinite(x)) {
        String note = "%s: features of %s %s must be finite, got %s";
        fail(Net.INCEPTION, note.formatted(net.name(), side, name(pair, i), x));
        return;
      }
    }
  }

  private String name(ImagePair pair, int i) {
    return pair.name().orElseGet(() -> String.valueOf(scores.size() + i + 1));
  }

  /** Notes why the metrics of a net have no value; the first reason stays. */
  private void fail(Net net, String reason) {
    metrics.stream().filter(m -> m.net() == net).forEach(m -> failures.putIfAbsent(m, reason));
  }

  private void put(int pair, Net net, double[] reference, double[] image) {
    vectors.get(scores.size() + pair).put(net, new Vectors(reference, image));
  }

  private void features(List<ImagePair> all) {
    List<ImagePair> pairs =
        all.stream().filter(p -> shortest(p) >= RandomFeatureNet.LEAST_SIDE).toList();
    if (pairs.isEmpty()) {
      return;
    }
    boolean ofPairs = wants(Net.FEATURES, FidelityMetric.class);
    boolean ofSets = wants(Net.FEATURES, SetMetric.class);
    FeatureNet net = nets.features();
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
        List<double[]> vectorsOfImages = FeatureNet.vectors(y);
        for (int i = 0; i < batch.size(); i++) {
          int place = all.indexOf(pairs.get(at + i));
          put(place, Net.FEATURES, references[i], vectorsOfImages.get(i));
        }
      }
      at += batch.size();
    }
  }

  /** Returns values of the metrics that need no net, or of those that do. */
  private Map<String, Double> values(ImagePair pair, boolean ofPixels) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      if (metric instanceof FidelityMetric m
          && (m.net() == Net.NONE) == ofPixels
          && m.leastSide() <= shortest(pair)) {
        double value = m.net() == Net.LPIPS ? lpips(pair) : m.of(pair);
        if (!Double.isNaN(value)) {
          values.put(m.key(), value);
        }
      }
    }
    return values;
  }

  /** Returns LPIPS; NaN, and a note, where the user's file gives no finite number. */
  private double lpips(ImagePair pair) {
    Lpips net = nets.lpips();
    String image = name(pair, 0);
    try {
      double value = net.of(pair.reference(), pair.image());
      if (Double.isFinite(value)) {
        return value;
      }
      fail(Net.LPIPS, "%s of image %s must be finite, got %s".formatted(net.label(), image, value));
    } catch (NetFailure e) {
      fail(Net.LPIPS, "%s of image %s: %s".formatted(net.label(), image, e.getMessage()));
    }
    return Double.NaN;
  }

  /** Returns the number of pairs so far. */
  public int size() {
    return scores.size();
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
      if (failures.containsKey(metric)) {
        notes.add(metric.key() + ": " + failures.get(metric));
      } else if (metric instanceof SetMetric m) {
        distance(m, summary);
      } else if (scores.stream().anyMatch(s -> s.values().containsKey(metric.key()))) {
        summary.put(metric.key(), Bootstrap.withSeed(0).mean(byGroup(metric.key())));
      } else if (metric == ImageMetrics.BITS) {
        notes.add("bits: these images are not drawn from tokens");
      }
      if (tooSmall.containsKey(metric)) {
        String note = "%s needs sides of at least %d pixels; %d images are smaller";
        int least = ((FidelityMetric) metric).leastSide();
        notes.add(note.formatted(metric.key(), least, tooSmall.get(metric)));
      }
    }
    return summary;
  }

  private void distance(SetMetric metric, Map<String, Interval> summary) {
    List<Vectors> v =
        vectors.stream().map(m -> m.get(metric.net())).filter(Objects::nonNull).toList();
    int n = v.size();
    if (n < FEWEST_FOR_SETS) {
      notes.add(metric.key() + " needs at least " + FEWEST_FOR_SETS + " images, got " + n);
      return;
    }
    double value =
        metric.of(
            v.stream().map(Vectors::reference).toArray(double[][]::new),
            v.stream().map(Vectors::image).toArray(double[][]::new));
    summary.put(metric.key(), new Interval(value, Double.NaN, Double.NaN, n, 0));
    if (metric.net() == Net.INCEPTION && nets.inception().width() != InceptionFeatures.WIDTH) {
      notes.add(
          "%s is defined on %d features; this file gives %d"
              .formatted(metric.key(), InceptionFeatures.WIDTH, nets.inception().width()));
    }
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
