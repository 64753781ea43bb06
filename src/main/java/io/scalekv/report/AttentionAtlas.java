package io.scalekv.report;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.profile.AttentionMap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.Branch;
import io.scalekv.profile.FeatureCsv;
import io.scalekv.profile.FeatureTable;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerMetric;
import io.scalekv.profile.ProfileCsv;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The attention of a model as tables and figures: features by layer and scale, masses by source and
 * target scale, heads, and whole attention maps. Every figure is a PNG of twice its nominal size
 * and an SVG. In figures scales count from 1, as in the paper; layers and heads from 0.
 */
public final class AttentionAtlas {
  private static final double LEAST_ATTENTION = 1e-4;

  private final String model;
  private final AttentionProfile profile;
  private final FeatureTable features;

  private AttentionAtlas(String model, AttentionProfile profile) {
    this.model = model;
    this.profile = profile;
    this.features = FeatureTable.of(profile);
  }

  /**
   * The atlas of a profile.
   *
   * @param model name for titles
   */
  public static AttentionAtlas of(String model, AttentionProfile profile) {
    Fonts.require();
    return new AttentionAtlas(model, profile);
  }

  /**
   * Writes everything, file by file, each whole or not at all.
   *
   * @param maps whole attention maps, with what to call each
   * @return the files, in the order of the index
   */
  public List<Path> write(List<AttentionMap> maps, List<String> names, Path folder)
      throws IOException {
    List<Path> files = new ArrayList<>();
    Path csv = folder.resolve("profile.csv");
    FeatureCsv.writeFeatures(features, add(files, folder, "features.csv"));
    FeatureCsv.writePrompts(features, add(files, folder, "features-by-prompt.csv"));
    ProfileCsv.write(profile, csv);
    files.add(csv);
    FeatureCsv.writeSourceMass(profile, add(files, folder, "source-mass.csv"));
    figure(files, folder, "features", features());
    figure(files, folder, "source-mass", sourceMass());
    figure(files, folder, "heads-current-mass", heads(HeadStatistic.CURRENT_MASS, "share"));
    figure(files, folder, "heads-entropy", heads(HeadStatistic.ENTROPY, "nats"));
    String density =
        model + ": attention of the heads on the current map (form of ScaleKV fig. 6a)";
    figure(files, folder, "current-mass-density", ProfileTable.read(csv).density(density));
    if (!maps.isEmpty()) {
      figure(files, folder, "attention-maps", maps(maps, names));
    }
    return files;
  }

  private static Path add(List<Path> files, Path folder, String name) {
    Path file = folder.resolve(name);
    files.add(file);
    return file;
  }

  private static void figure(List<Path> files, Path folder, String name, Figure figure)
      throws IOException {
    FigureFile.png(figure, add(files, folder, name + ".png"));
    FigureFile.svg(figure, add(files, folder, name + ".svg"));
  }

  private String prompts() {
    int n = features.prompts();
    return n + (n == 1 ? " prompt" : " prompts");
  }

  private int pixels(int cells, int each, int most) {
    return Math.min(most, Math.max(96, cells * each));
  }

  /** Whether it has a value anywhere: without a simulated cut some have none. */
  private boolean measured(LayerMetric feature) {
    return Arrays.stream(features.value(feature))
        .flatMapToDouble(Arrays::stream)
        .anyMatch(v -> !Double.isNaN(v));
  }

  /** Every measured feature, layer by scale. */
  public Figure features() {
    List<HeatMapSheet.Panel> panels =
        Arrays.stream(LayerMetric.values())
            .filter(this::measured)
            .map(f -> HeatMapSheet.Panel.fitted(f.title(), f.unit().label(), features.value(f)))
            .toList();
    return new HeatMapSheet(
        new HeatMapSheet.Style(
            model + ": dispersion of the attention by layer and scale",
            "Means over "
                + prompts()
                + ", heads and sampled queries; each map has its own colours; grey: undefined.",
            "scale",
            "layer",
            1,
            0,
            true,
            pixels(features.scales(), 26, 300),
            pixels(features.layers(), 13, 300),
            4),
        panels);
  }

  /** Which share of the attention of each map goes to each earlier map, layer by layer. */
  public Figure sourceMass() {
    double[][][] mass = profile.sourceMass(Branch.CONDITIONAL);
    List<HeatMapSheet.Panel> panels = new ArrayList<>();
    for (int l = 0; l < mass.length; l++) {
      for (int k = 0; k < mass[l].length; k++) {
        for (int s = k + 1; s < mass[l].length; s++) {
          mass[l][k][s] = Double.NaN;
        }
      }
      panels.add(new HeatMapSheet.Panel("layer " + l, "share of attention", mass[l], 0, 1, -1));
    }
    int side = pixels(features.scales(), 20, 220);
    return new HeatMapSheet(
        new HeatMapSheet.Style(
            model + ": which maps the attention goes to",
            "Share of a target map's attention that the keys of each source map get; rows sum to 1;"
                + " means over "
                + prompts()
                + " and heads.",
            "source scale (keys)",
            "target scale (queries)",
            1,
            1,
            false,
            side,
            side,
            4),
        panels);
  }

  /**
   * A statistic head by head.
   *
   * @param unit for the legend
   */
  public Figure heads(HeadStatistic statistic, String unit) {
    int heads = profile.geometry().heads();
    int scales = features.scales();
    List<double[][]> values = new ArrayList<>();
    double most = 0;
    for (int l = 0; l < features.layers(); l++) {
      double[][] strip = new double[heads][scales];
      for (int h = 0; h < heads; h++) {
        for (int k = 0; k < scales; k++) {
          strip[h][k] = profile.moments(Branch.CONDITIONAL, statistic, l, k, h).mean();
          most = Double.isNaN(strip[h][k]) ? most : Math.max(most, strip[h][k]);
        }
      }
      values.add(strip);
    }
    double high = statistic == HeadStatistic.CURRENT_MASS ? 1 : most;
    List<HeatMapSheet.Panel> panels =
        IntStream.range(0, values.size())
            .mapToObj(l -> new HeatMapSheet.Panel("layer " + l, unit, values.get(l), 0, high, -1))
            .toList();
    String what =
        statistic == HeadStatistic.CURRENT_MASS
            ? "attention on the current map, head by head"
            : "entropy of the attention, head by head";
    return new HeatMapSheet(
        new HeatMapSheet.Style(
            model + ": " + what,
            "Means over " + prompts() + " and sampled queries; one colour scale for all layers.",
            "scale",
            "head",
            1,
            0,
            false,
            pixels(scales, 22, 220),
            Math.min(260, Math.max(64, heads * 12)),
            4),
        panels);
  }

  /**
   * Whole attention maps of one scale.
   *
   * @param maps at least one
   * @param names what to call each
   */
  public Figure maps(List<AttentionMap> maps, List<String> names) {
    ScaleSchedule schedule = profile.geometry().schedule();
    List<HeatMapSheet.Panel> panels = new ArrayList<>();
    for (int i = 0; i < maps.size(); i++) {
      AttentionMap m = maps.get(i);
      double[][] logs =
          Arrays.stream(m.cells())
              .map(
                  row ->
                      Arrays.stream(row)
                          .map(p -> Math.log10(Math.max(p, LEAST_ATTENTION)))
                          .toArray())
              .toArray(double[][]::new);
      int split = (int) Math.ceil((double) m.history() * logs[0].length / m.keys());
      panels.add(
          new HeatMapSheet.Panel(
              names.get(i) + ": layer " + m.layer(),
              "log10 of attention",
              logs,
              Math.log10(LEAST_ATTENTION),
              0,
              split));
    }
    AttentionMap first = maps.get(0);
    double[][] cells = first.cells();
    boolean reduced = cells.length < first.queries() || cells[0].length < first.keys();
    String sizes =
        IntStream.rangeClosed(0, first.scale())
            .mapToObj(k -> schedule.map(k).height() + "×" + schedule.map(k).width())
            .collect(Collectors.joining(", "));
    String note =
        String.format(
            Locale.ROOT,
            "%d queries by %d keys in cache order, maps %s; mean of the heads; the white line is"
                + " where the current map begins%s.",
            first.queries(),
            first.keys(),
            sizes,
            reduced
                ? String.format(
                    Locale.ROOT, "; reduced to %d × %d cells", cells.length, cells[0].length)
                : "");
    return new HeatMapSheet(
        new HeatMapSheet.Style(
            String.format(
                Locale.ROOT,
                "%s: whole attention maps at scale %d, first prompt",
                model,
                first.scale() + 1),
            note,
            "keys: history, then the current map",
            "queries",
            1,
            1,
            false,
            Math.max(520, Math.min(1040, cells[0].length)),
            Math.max(260, Math.min(512, cells.length)),
            1),
        panels);
  }
}
