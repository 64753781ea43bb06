package io.scalekv.report;

import io.scalekv.experiment.CaptionMetrics;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.SetMetric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A metric as a column. Values of other nets are other columns, so that one column never mixes
 * them.
 *
 * @param label with the net, such as {@code lpips_proxy(vae_encoder)}
 * @param net hash of the net's weights, or null where no net is behind it
 */
record MetricColumn(Metric metric, String label, String net) {
  private static final int MOST_DIGITS = 6;

  /** Returns the columns of all metrics in the results, in the order of {@link Metrics}. */
  static List<MetricColumn> of(Results results) {
    Set<MetricColumn> found = new LinkedHashSet<>();
    for (RunResult r : results.runs().values()) {
      r.metrics().keySet().forEach(key -> column(r.run(), key).ifPresent(found::add));
    }
    List<MetricColumn> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingInt(c -> Metrics.order(c.metric.key())));
    if (results.runs().values().stream().anyMatch(MetricColumn::leavesImagesOut)) {
      MetricColumn psnr = of(Psnr.METRIC, null);
      sorted.add(sorted.indexOf(psnr) + 1, of(Psnr.OF_MEAN_MSE, null));
    }
    return sorted;
  }

  /** Returns whether the mean PSNR of a run of a policy leaves out some identical images. */
  private static boolean leavesImagesOut(RunResult r) {
    Interval psnr = r.metrics().get(Psnr.METRIC.key());
    return r.run().kind() == Run.Kind.POLICY
        && r.run().policy().budget() != null
        && psnr != null
        && psnr.infinite() > 0;
  }

  /** Returns the columns whose means are over all images of every run: those to compare by. */
  static List<MetricColumn> compared(List<MetricColumn> columns) {
    boolean pooled = columns.stream().anyMatch(c -> c.metric == Psnr.OF_MEAN_MSE);
    return columns.stream().filter(c -> !pooled || c.metric != Psnr.METRIC).toList();
  }

  private static Optional<MetricColumn> column(Run run, String key) {
    return Metrics.find(key).map(m -> of(m, run.nets()));
  }

  /** Returns the column of a metric measured by nets, which may be null. */
  static MetricColumn of(Metric m, Run.Nets nets) {
    return nets == null || m.net() == Metric.Net.NONE
        ? new MetricColumn(m, m.label(), null)
        : new MetricColumn(m, label(m, nets), hash(m, nets));
  }

  private static String label(Metric metric, Run.Nets nets) {
    return metric.net() == Metric.Net.LPIPS ? nets.lpips() : metric.label(nets.features());
  }

  private static String hash(Metric metric, Run.Nets nets) {
    return switch (metric.net()) {
      case NONE -> null;
      case FEATURES -> nets.featuresHash();
      case LPIPS -> nets.lpipsHash();
      case INCEPTION -> nets.inceptionHash();
    };
  }

  /** Returns whether it is a distance of sets, which has no interval. */
  boolean ofSets() {
    return metric instanceof SetMetric;
  }

  /** Returns whether it is a share of correct answers about captions. */
  boolean caption() {
    return metric.key().startsWith(CaptionMetrics.NAME + ".");
  }

  /** Returns whether more is better. */
  boolean higherIsBetter() {
    return metric.higherIsBetter();
  }

  /** Returns a name for files. */
  String file() {
    return metric.key().replaceAll("[^A-Za-z0-9-]", "-");
  }

  private String unit() {
    return metric.unit().isEmpty() ? "" : " (" + metric.unit() + ")";
  }

  /** Returns the heading of a column: name, unit and the better direction. */
  String head() {
    return label + unit() + (higherIsBetter() ? " ↑" : " ↓");
  }

  /** Returns the axis title of a figure. */
  String axis() {
    String better =
        caption() ? "higher is better" : higherIsBetter() ? "higher is closer" : "lower is closer";
    return label + (caption() ? " (share of cases)" : unit()) + ", " + better;
  }

  /** Returns the value of a run; empty where it was not measured by this net. */
  Optional<Interval> value(RunResult r) {
    if (metric == Psnr.OF_MEAN_MSE) {
      return r.psnrOfMeanMse();
    }
    Interval v = r.metrics().get(metric.key());
    return v != null && column(r.run(), metric.key()).filter(this::equals).isPresent()
        ? Optional.of(v)
        : Optional.empty();
  }

  /**
   * Adds the mean and, except for distances of sets, the ends of its interval to the columns for
   * programs.
   *
   * @param key name of the column of the mean
   * @param value of a row, or null
   */
  <R> void addTo(ReportTable.Builder<R> table, String key, Function<R, Interval> value) {
    if (ofSets()) {
      table.data(key, r -> value.apply(r) == null ? null : value.apply(r).mean());
    } else {
      table.interval(key, value);
    }
  }

  /**
   * Returns a value for people: {@code 22.64 [22.10, 23.20]}; without an interval {@code [n/a]}.
   */
  String show(Interval v) {
    int digits = digits(v.mean());
    return show(
        v,
        v.hasInterval()
            ? " [" + number(v.low(), digits) + ", " + number(v.high(), digits) + "]"
            : " [" + ReportTable.NONE + "]");
  }

  /** Returns a value for people with another form of its interval behind the mean. */
  String show(Interval v, String ends) {
    String infinite = v.infinite() == 0 ? "" : "∞ (" + v.infinite() + " identical)";
    if (metric == Psnr.OF_MEAN_MSE && v.n() == 0) {
      return number(v.ranked());
    }
    if (Double.isNaN(v.mean())) {
      return infinite.isEmpty() ? ReportTable.NONE : infinite;
    }
    String text = number(v.mean()) + (ofSets() ? "" : ends);
    return infinite.isEmpty() || ofSets() ? text : text + " and " + infinite;
  }

  /** Returns a mean for people, with at least two significant digits. */
  String number(double value) {
    return number(value, digits(value));
  }

  private static String number(double value, int digits) {
    return Double.isNaN(value)
        ? ReportTable.NONE
        : ReportTable.fixed(value, digits).replace('-', '−');
  }

  private int digits(double value) {
    double size = Math.abs(value);
    int significant = size > 0 && size < 1 ? 1 - (int) Math.floor(Math.log10(size)) : 0;
    return Math.max(metric.digits(), Math.min(MOST_DIGITS, significant));
  }
}
