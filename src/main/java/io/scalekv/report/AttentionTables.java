package io.scalekv.report;

import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.MetricValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.statistics.descriptive.Quantile;
import tech.tablesaw.api.Table;

/** The table of an experiment on where attention goes. */
final class AttentionTables {
  private static final String NOTE =
      "Mean share of a head's attention on the map being drawn, over heads, layers, scales and"
          + " sampled query rows of the conditional branch, full cache, with 95 % bootstrap"
          + " intervals over prompts; quartiles over (layer, scale, head). The first map is left"
          + " out: it has nothing else to look at.";

  private AttentionTables() {}

  /** One line a group of scales and one for the difference, for every cell. */
  static ReportTable of(String name, String title, List<ResultRow> rows, List<String> notes) {
    List<String> cells = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    List<MetricValue> means = new ArrayList<>();
    List<Double> lower = new ArrayList<>();
    List<Double> median = new ArrayList<>();
    List<Double> upper = new ArrayList<>();
    for (ResultRow r : rows) {
      if (r.result() == null || r.result().attention() == null) {
        continue;
      }
      CellResult.Attention a = r.result().attention();
      groups.add(scales(a.smallScales()));
      groups.add(scales(a.largeScales()));
      groups.add("difference");
      means.addAll(List.of(a.small(), a.large(), a.difference()));
      for (List<Integer> scales : List.of(a.smallScales(), a.largeScales())) {
        double[] sample = CurrentMassDensity.sample(a, scales.get(0) - 1, scales.get(1));
        cells.add(r.row().label());
        lower.add(Quantile.withDefaults().evaluate(sample, 0.25));
        median.add(Quantile.withDefaults().evaluate(sample, 0.5));
        upper.add(Quantile.withDefaults().evaluate(sample, 0.75));
      }
      cells.add(r.row().label());
      lower.add(null);
      median.add(null);
      upper.add(null);
    }
    Table numbers =
        Table.create(
            title,
            Columns.texts("label", cells),
            Columns.texts("scales", groups),
            Columns.numbers("currentMass", means.stream().map(MetricValue::mean).toList()),
            Columns.numbers("low", means.stream().map(MetricValue::low).toList()),
            Columns.numbers("high", means.stream().map(MetricValue::high).toList()),
            Columns.numbers("lowerQuartile", lower),
            Columns.numbers("median", median),
            Columns.numbers("upperQuartile", upper));
    Table words =
        Table.create(
            title,
            Columns.texts("row", cells),
            Columns.texts("scales", groups),
            Columns.texts("on the current map", means.stream().map(AttentionTables::show).toList()),
            Columns.texts("lower quartile", lower.stream().map(AttentionTables::show).toList()),
            Columns.texts("median", median.stream().map(AttentionTables::show).toList()),
            Columns.texts("upper quartile", upper.stream().map(AttentionTables::show).toList()));
    List<String> all = new ArrayList<>(List.of(NOTE));
    all.addAll(notes);
    return new ReportTable(name, title, numbers, words, all);
  }

  private static String scales(List<Integer> range) {
    return range.get(0) + " to " + range.get(1);
  }

  private static String show(Double value) {
    return value == null || value.isNaN()
        ? Columns.NONE
        : String.format(Locale.ROOT, "%.3f", value);
  }

  private static String show(MetricValue e) {
    return show(e.mean()) + " [" + show(e.low()) + ", " + show(e.high()) + "]";
  }
}
