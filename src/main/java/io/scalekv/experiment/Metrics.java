package io.scalekv.experiment;

import io.scalekv.io.Require;
import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.HaarPsi;
import io.scalekv.metrics.ImageMetrics;
import io.scalekv.metrics.Kid;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.MsSsim;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.SetMetric;
import io.scalekv.metrics.Ssim;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Metrics that experiments can name: those of images, those of captions, and a user's own found by
 * {@link ServiceLoader}.
 */
public final class Metrics {
  /** Metrics of an experiment that names none. */
  public static final List<String> DEFAULTS =
      List.of(
          Psnr.METRIC.key(),
          Ssim.METRIC.key(),
          MsSsim.METRIC.key(),
          HaarPsi.METRIC.key(),
          LpipsProxy.METRIC.key(),
          Frechet.METRIC.key(),
          Kid.METRIC.key(),
          ImageMetrics.BITS.key());

  private static final List<Metric> ALL = load();

  private Metrics() {}

  private static List<Metric> load() {
    List<Metric> all = new ArrayList<>(ImageMetrics.ALL);
    all.addAll(CaptionMetrics.ALL);
    ServiceLoader.load(FidelityMetric.class).forEach(all::add);
    return List.copyOf(all);
  }

  /** Returns every metric, in the order of tables. */
  public static List<Metric> all() {
    return ALL;
  }

  /** Returns the metric with that key; also one that is derived from others and never asked for. */
  public static Optional<Metric> find(String key) {
    return Stream.concat(all().stream(), Stream.of(Psnr.OF_MEAN_MSE))
        .filter(m -> m.key().equals(key))
        .findFirst();
  }

  /** Returns the place of a metric in tables; the last for an unknown one. */
  public static int order(String key) {
    int at = all().stream().map(Metric::key).toList().indexOf(key);
    return at < 0 ? Integer.MAX_VALUE : at;
  }

  /** Names in experiments: keys, and {@code faithfulness} for all rates of captions. */
  public static Set<String> names() {
    return all().stream()
        .map(m -> family(m.key()))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Returns the name in experiments that stands for a key: the part before its point. */
  private static String family(String key) {
    return key.contains(".") ? key.substring(0, key.indexOf('.')) : key;
  }

  /**
   * Returns the metrics that names stand for, in the order of tables.
   *
   * @throws IllegalArgumentException for an unknown name
   */
  public static List<Metric> named(List<String> names) {
    names.forEach(Metrics::check);
    return all().stream().filter(m -> names.contains(family(m.key()))).toList();
  }

  /** Returns the same names in the order of tables. */
  static List<String> sorted(Set<String> names) {
    List<String> order = List.copyOf(names());
    return names.stream().sorted(Comparator.comparingInt(order::indexOf)).toList();
  }

  /** Refuses an unknown name. */
  static void check(String name) {
    Require.oneOf("metric", name, names(), n -> n);
  }

  /** Returns whether two results can be compared image by image. */
  public static boolean isCompared(Metric metric) {
    return !(metric instanceof SetMetric) && !CaptionMetrics.ALL.contains(metric);
  }
}
