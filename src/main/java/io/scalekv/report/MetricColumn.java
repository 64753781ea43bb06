package io.scalekv.report;

import io.scalekv.experiment.CaptionMetrics;
import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.MetricValue;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.SetMetric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A metric as a column. Values of other nets are other columns, so that one column never mixes
 * them.
 *
 * @param metric the metric
 * @param label with the net, such as {@code lpips_proxy(vae_encoder)}
 * @param net hash of the net's weights, or null where no net is behind it
 */
record MetricColumn(Metric metric, String label, String net) {
  /** The columns of all metrics in the results, in the order of {@link Metrics}. */
  static List<MetricColumn> of(Results results) {
    Set<MetricColumn> found = new LinkedHashSet<>();
    for (CellResult r : results.cells().values()) {
      r.metrics().keySet().forEach(key -> column(r.cell(), key).ifPresent(found::add));
    }
    List<MetricColumn> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingInt(c -> Metrics.order(c.metric.key())));
    return sorted;
  }

  private static Optional<MetricColumn> column(Cell cell, String key) {
    return Metrics.find(key)
        .map(
            m -> {
              Cell.Nets nets = m.net() == Metric.Net.NONE ? null : cell.nets();
              return nets == null
                  ? new MetricColumn(m, m.label(), null)
                  : new MetricColumn(m, label(m, nets), hash(m, nets));
            });
  }

  private static String label(Metric metric, Cell.Nets nets) {
    return metric.net() == Metric.Net.LPIPS ? nets.lpips() : metric.label(nets.features());
  }

  private static String hash(Metric metric, Cell.Nets nets) {
    return switch (metric.net()) {
      case NONE -> null;
      case FEATURES -> nets.featuresHash();
      case LPIPS -> nets.lpipsHash();
      case INCEPTION -> nets.inceptionHash();
    };
  }

  /** Whether it is a distance of sets, which has no interval. */
  boolean ofSets() {
    return metric instanceof SetMetric;
  }

  /** Whether it is a share of what captions say. */
  boolean caption() {
    return metric.key().startsWith(CaptionMetrics.NAME + ".");
  }

  /** Whether more is better. */
  boolean higherIsBetter() {
    return metric.higherIsBetter();
  }

  /** Name of its columns of numbers. */
  String column() {
    return metric.column();
  }

  /** A name for files. */
  String file() {
    return metric.key().replaceAll("[^A-Za-z0-9-]", "-");
  }

  private String unit() {
    return metric.unit().isEmpty() ? "" : " (" + metric.unit() + ")";
  }

  /** Head of a column: name, unit and the better direction. */
  String head() {
    return label + unit() + (higherIsBetter() ? " ↑" : " ↓");
  }

  /** Axis of a figure. */
  String axis() {
    String better =
        caption() ? "higher is better" : higherIsBetter() ? "higher is closer" : "lower is closer";
    return label + (caption() ? " (share of cases)" : unit()) + ", " + better;
  }

  /** The value of a cell; empty where it was not measured by this net. */
  Optional<MetricValue> value(CellResult r) {
    MetricValue v = r.metrics().get(metric.key());
    return v != null && column(r.cell(), metric.key()).filter(this::equals).isPresent()
        ? Optional.of(v)
        : Optional.empty();
  }

  /** A value for people: {@code 22.64 [22.10, 23.20]}; without an interval {@code [n/a]}. */
  String show(MetricValue v) {
    String infinite = v.infinite() == 0 ? "" : "∞ (" + v.infinite() + " identical)";
    if (Double.isNaN(v.mean())) {
      return infinite.isEmpty() ? Columns.NONE : infinite;
    }
    String text = number(v.mean());
    if (ofSets()) {
      return text;
    }
    text +=
        v.hasInterval()
            ? " [" + number(v.low()) + ", " + number(v.high()) + "]"
            : " [" + Columns.NONE + "]";
    return infinite.isEmpty() ? text : text + " and " + infinite;
  }

  /** A mean for people. */
  String number(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "−∞";
    }
    return String.format(Locale.ROOT, "%." + metric.digits() + "f", value);
  }
}
