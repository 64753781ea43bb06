package io.scalekv.report;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.AtomicFile;
import io.scalekv.profile.AttentionMap;
import io.scalekv.profile.AttentionMapTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.StatisticsCsv;
import io.scalekv.roles.LayerScale;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.commons.statistics.descriptive.Quantile;

/**
 * The attention of a model as tables and figures: statistics by layer and scale, masses by source
 * and target scale, heads, and whole attention maps. Every figure is a PNG of twice its nominal
 * size, an SVG and a PDF, and all are on one HTML page. In figures scales count from 1, as in the
 * paper; layers and heads from 0.
 */
public final class AttentionAtlas {
  private static final double LEAST_ATTENTION = 1e-4;

  /** Quantiles of the attention at the ends of the colours. */
  private static final double[] TAILS = {0.005, 0.995};

  private static final Budget CACHE = Budget.parse("10%");
  private static final Set<AttentionSource.Content> ATTENTION =
      EnumSet.of(AttentionSource.Content.TENSORS, AttentionSource.Content.ALL_QUERIES);

  /** Value of a statistic and its place; layer from 0, scale from 1. */
  public record Extreme(double value, int layer, int scale, String map) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.4g (layer %d, scale %d)", value, layer, scale);
    }
  }

  /** Range of a statistic over layers and scales. */
  public record Range(String statistic, String unit, Extreme least, Extreme most) {}

  /**
   * Summary of an atlas.
   *
   * @param querySamples query rows of a map, a number or {@code all}
   */
  public record Summary(
      int images, int layers, int scales, int heads, String querySamples, List<Range> statistics) {}

  private final String model;
  private final AttentionProfile profile;
  private final LayerStatistics features;

  private AttentionAtlas(String model, AttentionProfile profile) {
    this.model = model;
    this.profile = profile;
    this.features = LayerStatistics.of(profile);
  }

  /**
   * Returns the atlas of a profile.
   *
   * @param model name for titles
   */
  public static AttentionAtlas of(String model, AttentionProfile profile) {
    Brush.requireFonts();
    return new AttentionAtlas(model, profile);
  }

  /** Returns the statistics behind it. */
  public AttentionProfile profile() {
    return profile;
  }

  /** Returns shape, sampling and the ranges of the statistics. */
  public Summary summary() {
    int rows = profile.options().querySamples();
    return new Summary(
        profile.prompts().size(),
        features.layers(),
        features.scales(),
        profile.geometry().heads(),
        rows == ProfileOptions.ALL ? "all" : String.valueOf(rows),
        Arrays.stream(LayerStatistic.values()).filter(this::measured).map(this::range).toList());
  }

  private Range range(LayerStatistic statistic) {
    double[][] values = features.value(statistic);
    Extreme least = null;
    Extreme most = null;
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        double v = values[l][k];
        if (!Double.isNaN(v)) {
          String map = profile.geometry().schedule().map(k).toString();
          Extreme here = new Extreme(v, l, k + 1, map);
          least = least == null || v < least.value() ? here : least;
          most = most == null || v > most.value() ? here : most;
        }
      }
    }
    return new Range(statistic.cliName(), statistic.unit().label(), least, most);
  }

  /**
   * Replays the first image for the attention maps of a drafter and a refiner: the layers with the
   * lowest and the highest ASI of one scale among those with a cache compressed to 10 %. Empty for
   * one scale or layer, and for a source that lacks queries.
   */
  public static List<AttentionMap> extremes(AttentionSource source, AttentionProfile profile) {
    ScaleSchedule schedule = source.schedule();
    if (schedule.scales() == 1
        || source.geometry().layers() == 1
        || !source.content().containsAll(ATTENTION)) {
      return List.of();
    }
    int first = BudgetPlan.firstCutScale(schedule, CACHE.tokens(schedule));
    LayerStatistics.Extremes pair =
        LayerStatistics.of(profile)
            .extremes(LayerStatistic.ASI, Math.min(first, schedule.scales() - 1));
    AttentionMapTap tap =
        AttentionMapTap.of(source.shape(), pair.scale(), List.of(pair.lowest(), pair.highest()));
    source.replay(new int[] {0}, 1, some -> List.of(tap), done -> {});
    return tap.maps();
  }

  /**
   * Writes all files.
   *
   * @param maps attention maps of {@link #extremes}
   * @param provenance origin of the attention, by name
   * @return the files, in the order of the index
   */
  public List<Path> write(List<AttentionMap> maps, Map<String, String> provenance, Path folder)
      throws IOException {
    List<Path> files = new ArrayList<>();
    StatisticsCsv.writeStatistics(profile, add(files, folder, "statistics.csv"));
    StatisticsCsv.writePrompts(profile, add(files, folder, "statistics-by-prompt.csv"));
    StatisticsCsv.writeHeads(profile, add(files, folder, "profile.csv"));
    StatisticsCsv.writeSourceMass(profile, add(files, folder, "source-mass.csv"));
    List<NamedFigure> figures = figures(maps);
    for (NamedFigure f : figures) {
      files.addAll(f.write(folder));
    }
    String page = StatisticsPage.of(model, summary(), profile, figures, provenance);
    AtomicFile.write(
        add(files, folder, StatisticsPage.NAME), page.getBytes(StandardCharsets.UTF_8));
    return files;
  }

  private static Path add(List<Path> files, Path folder, String name) {
    Path file = folder.resolve(name);
    files.add(file);
    return file;
  }

  private List<NamedFigure> figures(List<AttentionMap> maps) {
    String density =
        model + ": attention of the heads on the current map (form of ScaleKV fig. 6a)";
    List<NamedFigure> figures = new ArrayList<>();
    figures.add(new NamedFigure("statistics", "Statistics by layer and scale", features()));
    figures.add(new NamedFigure("source-mass", "Attention between scales", sourceMass()));
    figures.add(
        new NamedFigure(
            "heads-current-mass",
            "Attention on the current map by head",
            heads(HeadStatistic.CURRENT_MASS, "share")));
    figures.add(
        new NamedFigure(
            "heads-entropy",
            "Entropy of the attention by head",
            heads(HeadStatistic.ENTROPY, "nats")));
    figures.add(
        new NamedFigure(
            "current-mass-density",
            "Density of the attention on the current map",
            density(density)));
    if (!maps.isEmpty()) {
      List<String> names = List.of("drafter (lowest ASI of the scale)", "refiner (highest)");
      figures.add(new NamedFigure("attention-maps", "Whole attention maps", maps(maps, names)));
    }
    return figures;
  }

  private String prompts() {
    int n = features.prompts();
    return n + (n == 1 ? " prompt" : " prompts");
  }

  /** Returns whether it has a value: some need a simulated eviction. */
  private boolean measured(LayerStatistic feature) {
    return Arrays.stream(features.value(feature))
        .flatMapToDouble(Arrays::stream)
        .anyMatch(v -> !Double.isNaN(v));
  }

  /** Returns the size of a cell so that all cells of a side take at most {@code most} pixels. */
  private static double cell(int cells, double each, double most) {
    return Math.min(each, most / cells);
  }

  /** Returns every measured statistic, layer by scale. */
  public Figure features() {
    return new FigureSheet(
        model + ": statistics of the attention by layer and scale",
        "Means over "
            + prompts()
            + ", heads and sampled queries; each map has its own colours; grey: undefined.",
        4,
        Arrays.stream(LayerStatistic.values())
            .filter(this::measured)
            .map(
                f ->
                    LayerScaleMap.of(f.title(), features.value(f))
                        .scales(profile.geometry().schedule(), 0)
                        .unit(f.unit().label())
                        .cells(cell(features.scales(), 26, 300), cell(features.layers(), 13, 300))
                        .build())
            .toList());
  }

  /** Returns the share of attention from each map to each earlier map, layer by layer. */
  public Figure sourceMass() {
    double[][][] mass = profile.sourceMass(Branch.CONDITIONAL);
    ScaleSchedule schedule = profile.geometry().schedule();
    List<String> sources =
        IntStream.range(0, schedule.scales())
            .mapToObj(k -> LayerScaleMap.scale(schedule.maps(), k))
            .toList();
    double side = cell(features.scales(), 20, 220);
    List<Figure> panels = new ArrayList<>();
    for (int l = 0; l < mass.length; l++) {
      for (int k = 0; k < mass[l].length; k++) {
        for (int s = k + 1; s < mass[l].length; s++) {
          mass[l][k][s] = Double.NaN;
        }
      }
      panels.add(
          LayerScaleMap.of("layer " + l, mass[l])
              .columns("source scale (keys)", sources)
              .rows("target scale (queries)", 1, true)
              .colours(Palette.SEQUENTIAL, 0, 1)
              .unit("share of attention")
              .cells(side, side)
              .build());
    }
    return new FigureSheet(
        model + ": attention between scales",
        "Share of a target scale's attention that the keys of each source scale get; rows sum to 1;"
            + " means over "
            + prompts()
            + " and heads.",
        4,
        panels);
  }

  /**
   * Returns a statistic head by head.
   *
   * @param unit for the colour bar
   */
  public Figure heads(HeadStatistic statistic, String unit) {
    int heads = profile.geometry().heads();
    int scales = features.scales();
    List<double[][]> values = means(statistic);
    double most =
        values.stream()
            .flatMap(Arrays::stream)
            .flatMapToDouble(Arrays::stream)
            .filter(v -> !Double.isNaN(v))
            .max()
            .orElse(0);
    double high = statistic == HeadStatistic.CURRENT_MASS ? 1 : most;
    return new FigureSheet(
        model
            + (statistic == HeadStatistic.CURRENT_MASS
                ? ": attention on the current map by head"
                : ": entropy of the attention by head"),
        "Means over " + prompts() + " and sampled queries; one colour scale for all layers.",
        4,
        IntStream.range(0, values.size())
            .mapToObj(
                l ->
                    LayerScaleMap.of("layer " + l, values.get(l))
                        .scales(profile.geometry().schedule(), 0)
                        .rows("head", 0, false)
                        .colours(Palette.SEQUENTIAL, 0, high)
                        .unit(unit)
                        .cells(cell(scales, 22, 220), cell(heads, 12, 260))
                        .build())
            .toList());
  }

  /** Returns the means of a statistic over prompts, by layer: [head][scale]. */
  private List<double[][]> means(HeadStatistic statistic) {
    return IntStream.range(0, features.layers())
        .mapToObj(
            l ->
                LayerScale.table(
                    profile.geometry().heads(),
                    features.scales(),
                    (h, k) -> profile.moments(Branch.CONDITIONAL, statistic, l, k, h).mean()))
        .toList();
  }

  private Figure density(String title) {
    int middle = (features.scales() + 1) / 2;
    return CurrentMassDensity.of(
        title, middle, features.scales(), shares(1, middle), shares(middle, features.scales()));
  }

  /** Returns the attention on the current map at some scales, one share a layer, scale and head. */
  private double[] shares(int from, int to) {
    return means(HeadStatistic.CURRENT_MASS).stream()
        .flatMap(Arrays::stream)
        .flatMapToDouble(scales -> Arrays.stream(scales, from, to))
        .map(v -> Math.max(0, Math.min(1, v)))
        .toArray();
  }

  /**
   * Returns whole attention maps of one scale.
   *
   * @param maps at least one
   */
  public Figure maps(List<AttentionMap> maps, List<String> names) {
    List<Figure> panels = new ArrayList<>();
    double[] all =
        maps.stream()
            .flatMap(m -> Arrays.stream(m.cells()))
            .flatMapToDouble(Arrays::stream)
            .map(p -> Math.log10(Math.max(p, LEAST_ATTENTION)))
            .toArray();
    double[] ends = Quantile.withDefaults().evaluate(all, TAILS);
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
      panels.add(
          LayerScaleMap.of(names.get(i) + ": layer " + m.layer(), logs)
              .columns("keys: prefix, then the current map", List.of())
              .rows("queries", 1, true)
              .colours(Palette.SEQUENTIAL, ends[0], ends[1])
              .unit("log10 of attention")
              .split((int) Math.ceil((double) m.history() * logs[0].length / m.keys()))
              .cells(
                  Math.max(520.0, Math.min(1040, logs[0].length)) / logs[0].length,
                  Math.max(260.0, Math.min(512, logs.length)) / logs.length)
              .build());
    }
    AttentionMap first = maps.get(0);
    double[][] cells = first.cells();
    boolean reduced = cells.length < first.queries() || cells[0].length < first.keys();
    return new FigureSheet(
        model
            + ": whole attention maps at scale "
            + LayerScaleMap.scale(profile.geometry().schedule().maps(), first.scale())
            + ", first prompt",
        String.format(
            Locale.ROOT,
            "%d queries by %d keys in cache order; mean of the heads; white line: start of the"
                + " current map%s.",
            first.queries(),
            first.keys(),
            reduced ? "; reduced to " + cells.length + " × " + cells[0].length + " cells" : ""),
        1,
        panels);
  }
}
