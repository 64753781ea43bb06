package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.Metric;
import io.scalekv.experiment.Results;
import java.util.ArrayList;
import java.util.Arrays;
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
 * @param result name of its values in result files, such as {@code psnrDb}
 * @param label with the net, such as {@code lpips_proxy(vae_encoder)}
 * @param net hash of the net's weights, or null where no net is behind it
 */
record MetricColumn(String result, String label, String net) {
  private static final String FAITHFULNESS = "faithfulness.";

  /** A value in its column. Ends and deviation are NaN where there is none. */
  record Value(double mean, double low, double high, int n, int infinite, double deviation) {
    /** The mean, +∞ where all images are identical. */
    double ranked() {
      return n == 0 && infinite > 0 ? Double.POSITIVE_INFINITY : mean;
    }
  }

  /** The columns of all metrics in the results, in the order of {@link Metric}. */
  static List<MetricColumn> of(Results results) {
    Set<MetricColumn> found = new LinkedHashSet<>();
    for (CellResult r : results.cells().values()) {
      r.means().forEach((key, m) -> found.add(column(r.cell(), key, m.label())));
      r.sets().forEach((key, s) -> found.add(column(r.cell(), key, s.label())));
    }
    List<MetricColumn> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingInt(MetricColumn::order));
    return sorted;
  }

  private static MetricColumn column(Cell cell, String result, String label) {
    Cell.Nets nets = cell.nets();
    String net = null;
    if (nets != null) {
      net =
          switch (result) {
            case "lpipsProxy", "frechet", "kid" -> nets.featuresHash();
            case "lpips" -> nets.lpipsHash();
            case "fid" -> nets.inceptionHash();
            default -> null;
          };
    }
    return new MetricColumn(result, label, net);
  }

  private int order() {
    if (caption()) {
      return 100 + Metric.FAITHFULNESS.ordinal();
    }
    return metric().map(Metric::ordinal).orElse(1000);
  }

  /** The metric, if the values are one's own and no share of faithfulness. */
  Optional<Metric> metric() {
    return Arrays.stream(Metric.values()).filter(m -> m.result().equals(result)).findFirst();
  }

  /** Whether it is a share of what captions say. */
  boolean caption() {
    return result.startsWith(FAITHFULNESS);
  }

  /** Whether more is better. */
  boolean highIsBetter() {
    return caption() || metric().map(Metric::highIsBetter).orElse(true);
  }

  /** A name for files. */
  String file() {
    return metric().map(Metric::key).orElse(result).replaceAll("[^A-Za-z0-9-]", "-");
  }

  /** The usual name; metrics with a net have theirs in the label. */
  String name() {
    return switch (result) {
      case "psnrDb" -> "PSNR";
      case "ssim" -> "SSIM";
      case "msSsim" -> "MS-SSIM";
      case "haarPsi" -> "HaarPSI";
      case "bitAgreement" -> "equal bits";
      default -> label;
    };
  }

  /** A short name with its unit, for the head of a column. */
  String head() {
    String name = caption() ? result.substring(FAITHFULNESS.length()) : name();
    return name + (result.equals("psnrDb") ? " (dB)" : "") + (highIsBetter() ? " ↑" : " ↓");
  }

  /** The axis of a figure. */
  String axis() {
    String unit = result.equals("psnrDb") ? " (dB)" : caption() ? " (share of cases)" : "";
    String better = caption() ? "higher is better" : highIsBetter() ? "higher is closer" : null;
    String name = caption() ? "faithfulness, " + result.substring(FAITHFULNESS.length()) : name();
    return name + unit + ", " + (better == null ? "lower is closer" : better);
  }

  /** The value of a cell; empty where it was not measured by this net. */
  Optional<Value> value(CellResult r) {
    CellResult.Estimate e = r.means().get(result);
    if (e != null && column(r.cell(), result, e.label()).equals(this)) {
      return Optional.of(
          new Value(
              number(e.mean()),
              number(e.low()),
              number(e.high()),
              e.n(),
              e.infinite(),
              Double.NaN));
    }
    CellResult.SetDistance s = r.sets().get(result);
    if (s != null && column(r.cell(), result, s.label()).equals(this)) {
      return Optional.of(
          new Value(
              s.value(), Double.NaN, Double.NaN, s.samples(), 0, number(s.standardDeviation())));
    }
    return Optional.empty();
  }

  private static double number(Double value) {
    return value == null ? Double.NaN : value;
  }

  /** A value for people: {@code 22.64 [22.10, 23.20]}; without an interval {@code [n/a]}. */
  String show(Value v) {
    String infinite = v.infinite() == 0 ? "" : "∞ (" + v.infinite() + " identical)";
    if (Double.isNaN(v.mean())) {
      return infinite.isEmpty() ? Columns.NONE : infinite;
    }
    String text = number(v.mean());
    if (metric().map(Metric::ofSets).orElse(false)) {
      return result.equals("kid")
          ? text + " ± " + (Double.isNaN(v.deviation()) ? Columns.NONE : number(v.deviation()))
          : text;
    }
    text +=
        Double.isNaN(v.low()) || Double.isNaN(v.high())
            ? " [" + Columns.NONE + "]"
            : " [" + number(v.low()) + ", " + number(v.high()) + "]";
    return infinite.isEmpty() ? text : text + " and " + infinite;
  }

  /** A mean for people. */
  String number(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "−∞";
    }
    int digits = result.equals("psnrDb") ? 2 : result.equals("kid") ? 6 : caption() ? 3 : 4;
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
