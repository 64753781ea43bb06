package io.scalekv.study;

import io.scalekv.cache.TokenMap;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.BarFigure;
import io.scalekv.report.Figure;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.Palette;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ProfileTable;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.DrafterCount;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Study of the damage of a compressed cache: images drawn with the cache of one layer compressed at
 * a time (policy {@code one-layer}) against the attention statistics of a calibration. Which
 * statistic predicts the layers that need a large cache?
 */
final class DamageStudy implements Study {
  private static final double SAME = 1e-6;
  private static final CutDamage.Measure BITS = CutDamage.Measure.BITS;
  private static final String ASI = LayerStatistic.ASI.cliName();

  /**
   * Result for programs.
   *
   * @param pairs number of layer–scale pairs that were compressed alone, 0 for none
   * @param level observations of the correlations: {@code within-scale}, or {@code layers} where
   *     only whole layers were compressed
   * @param correlations statistics by |ρ|, largest first
   * @param mostDamaged pairs with the largest damage, as many as a calibration has drafters; null
   *     without pairs
   */
  record Result(
      String model,
      int layers,
      int pairs,
      String level,
      List<Line> correlations,
      List<Pair> mostDamaged) {}

  /**
   * Correlation of one statistic with the share of differing bits.
   *
   * @param oriented whether a negative ρ means that its drafters are damaged more
   */
  record Line(
      String statistic,
      boolean oriented,
      double rho,
      double low,
      double high,
      double p,
      double pHolm) {
    static Line of(DamageCorrelation c) {
      return new Line(
          c.predictor().name(),
          c.predictor().oriented(),
          c.rank().rho(),
          c.rank().low(),
          c.rank().high(),
          c.rank().p(),
          c.pHolm());
    }
  }

  @Override
  public String name() {
    return "damage";
  }

  @Override
  public String question() {
    return "Which attention statistic predicts the damage of compressing the cache of one layer?";
  }

  @Override
  public String inputs() {
    return "a calibration folder, and result folders of policy one-layer: whole layers, layers at"
        + " one scale, or both";
  }

  @Override
  public Answer answer(Request request) throws IOException {
    List<Path> calibrations =
        request.inputs().stream().filter(p -> Files.exists(p.resolve("roles.json"))).toList();
    Require.that(
        calibrations.size() == 1,
        "damage reads one calibration folder with roles.json, got %d",
        calibrations.size());
    Path calibration = calibrations.get(0);
    Calibration roles = CalibrationFile.read(calibration.resolve("roles.json"));
    ProfileTable profile = profile(calibration, roles);
    List<CutDamage> measured = new ArrayList<>();
    for (Path folder : request.inputs()) {
      if (!folder.equals(calibration)) {
        Require.that(
            Files.exists(folder.resolve(ExperimentFile.NAME)),
            "missing %s in %s: run sweep",
            ExperimentFile.NAME,
            folder);
        add(measured, folder, roles);
      }
    }
    Require.that(!measured.isEmpty(), "missing results of policy one-layer: run sweep");
    measured.sort(Comparator.comparing(CutDamage::ofPairs));
    return new Answers(roles, measured, profile).write(request.out());
  }

  private static void add(List<CutDamage> measured, Path folder, Calibration roles)
      throws IOException {
    CalibratedModel model = roles.model();
    for (CutDamage d : CutDamage.of(Results.read(folder), folder.toString(), model.layers())) {
      Require.that(
          d.model().weights().equals(model.weights()),
          "%s must be of the weights of the calibration (%s, %s), got %s, %s",
          folder,
          model.name(),
          model.weights(),
          d.model().name(),
          d.model().weights());
      Require.that(
          d.schedule().equals(model.schedule()),
          "%s must have the token maps of the calibration, %s, got %s",
          folder,
          model.schedule().maps(),
          d.schedule().maps());
      Require.that(
          measured.stream().noneMatch(m -> m.ofPairs() == d.ofPairs()),
          "%s: layers compressed at %s must come once, got a second folder",
          folder,
          d.ofPairs() ? "one scale" : "all scales");
      Require.that(
          measured.isEmpty() || measured.get(0).budgetTokens() == d.budgetTokens(),
          "%s must have a budget of %d tokens like the first, got %d",
          folder,
          measured.isEmpty() ? 0 : measured.get(0).budgetTokens(),
          d.budgetTokens());
      measured.add(d);
    }
  }

  /** Reads the profile of the calibration and refuses another one. */
  private static ProfileTable profile(Path calibration, Calibration roles) throws IOException {
    Path csv = calibration.resolve("profile.csv");
    Require.that(Files.isRegularFile(csv), "not a calibration folder: %s is missing", csv);
    ProfileTable profile = ProfileTable.read(csv);
    int layers = roles.model().layers();
    int scales = roles.model().scales();
    Require.that(
        profile.layers() == layers && profile.scales() == scales,
        "%s must have %d layers and %d scales as roles.json, got %d and %d",
        csv,
        layers,
        scales,
        profile.layers(),
        profile.scales());
    RoleStatistics statistics = roles.roles().statistics();
    double[][] values = profile.values("layer", statistics.name());
    for (int l = 0; l < layers; l++) {
      for (int k = 0; k < scales; k++) {
        double wanted = statistics.value(l, k);
        Require.that(
            Double.isNaN(wanted) || Math.abs(values[l][k] - wanted) <= SAME * Math.abs(wanted),
            "%s: %s of layer %d at scale %d must be %s as in roles.json, got %s",
            csv,
            statistics.name(),
            l,
            k + 1,
            wanted,
            values[l][k]);
      }
    }
    return profile;
  }

  /** Tables and figures of one calibration and its measurements. */
  private static final class Answers {
    private final Calibration roles;
    private final List<TokenMap> maps;
    private final List<CutDamage> measured;
    private final Optional<CutDamage> pairs;
    private final List<DamagePredictor> predictors;
    private final List<DamageCorrelation> correlations;
    private final String level;
    private final List<DamageCorrelation> main;

    Answers(Calibration roles, List<CutDamage> measured, ProfileTable profile) {
      this.roles = roles;
      this.maps = roles.model().schedule().maps();
      this.measured = measured;
      pairs = measured.stream().filter(CutDamage::ofPairs).findFirst();
      predictors = DamagePredictor.of(profile, measured.get(0).firstCutScale());
      correlations =
          measured.stream().flatMap(d -> DamageCorrelation.of(d, predictors).stream()).toList();
      level = pairs.isPresent() ? DamageCorrelation.WITHIN : DamageCorrelation.LAYERS;
      main =
          at(level, BITS).stream()
              .filter(c -> !Double.isNaN(c.rank().rho()))
              .sorted(Comparator.comparingDouble(c -> -Math.abs(c.rank().rho())))
              .toList();
    }

    private List<DamageCorrelation> at(String where, CutDamage.Measure measure) {
      return correlations.stream()
          .filter(c -> c.level().equals(where) && c.measure() == measure)
          .toList();
    }

    Answer write(Path out) throws IOException {
      List<LayerScale> worst = pairs.map(this::worst).orElse(null);
      Result result =
          new Result(
              roles.model().name(),
              roles.model().layers(),
              pairs.map(d -> d.layers() * d.scales().size()).orElse(0),
              level,
              main.stream().map(Line::of).toList(),
              worst == null ? null : Pair.of(worst, maps));
      List<Path> files = new ArrayList<>(damage().write(out));
      ReportTable table = comparison("correlations", main, worst);
      files.addAll(table.write(out));
      files.add(comparison("all-correlations", correlations, worst).writeCsv(out));
      files.add(Study.writeJson(out, "damage", result));
      files.addAll(map(pairs.orElse(measured.get(0))).write(out, "damage"));
      files.addAll(bars().write(out, "correlations"));
      return new Answer(result, List.of(table), files);
    }

    /** Returns the pairs with the largest damage in bits. */
    private List<LayerScale> worst(CutDamage d) {
      double[][] damage = means(d);
      List<LayerScale> all = new ArrayList<>();
      for (int l = 0; l < d.layers(); l++) {
        for (int k : d.scales()) {
          all.add(new LayerScale(l, k));
        }
      }
      return all.stream()
          .sorted(
              Comparator.comparingDouble(p -> -damage[p.layer()][d.scales().indexOf(p.scale())]))
          .limit(DrafterCount.usual(d.layers(), d.scales().size()))
          .toList();
    }

    /** Returns the mean share of differing bits, [layer][place]. */
    private static double[][] means(CutDamage d) {
      return Arrays.stream(d.values(BITS))
          .map(
              row ->
                  Arrays.stream(row)
                      .mapToDouble(
                          v ->
                              Arrays.stream(v)
                                  .filter(x -> !Double.isNaN(x))
                                  .average()
                                  .orElse(Double.NaN))
                      .toArray())
          .toArray(double[][]::new);
    }

    /** Row of the table of damages; no scale where the layer is compressed at all scales. */
    private record Row(CutDamage damage, int layer, int place) {
      Integer scale() {
        return damage.ofPairs() ? damage.scales().get(place) : null;
      }

      Interval of(CutDamage.Measure measure) {
        double[][] byPrompt =
            Arrays.stream(damage.values(measure)[layer][place])
                .mapToObj(v -> new double[] {Double.isNaN(v) ? Double.POSITIVE_INFINITY : v})
                .toArray(double[][]::new);
        return Bootstrap.withSeed(0).mean(byPrompt);
      }
    }

    private ReportTable damage() {
      double[][] asi =
          predictors.stream()
              .filter(f -> f.name().equals(ASI))
              .findFirst()
              .map(DamagePredictor::z)
              .orElse(null);
      List<Row> rows = new ArrayList<>();
      for (CutDamage d : measured) {
        for (int i = 0; i < Math.max(1, d.scales().size()); i++) {
          for (int l = 0; l < d.layers(); l++) {
            rows.add(new Row(d, l, i));
          }
        }
      }
      return ReportTable.of(
              "damage", roles.model().name() + ": damage of compressing one layer", rows)
          .both("layer", "layer", Row::layer)
          .data("scale", r -> r.scale() == null ? "all" : String.valueOf(r.scale() + 1))
          .text("scale", r -> r.scale() == null ? "all" : LayerScaleMap.scale(maps, r.scale()))
          .data("differentBits", r -> r.of(BITS).mean())
          .data("differentBitsLow", r -> r.of(BITS).low())
          .data("differentBitsHigh", r -> r.of(BITS).high())
          .text("different bits, %", r -> percent(r.of(BITS)))
          .data("mse", r -> r.of(CutDamage.Measure.MSE).mean())
          .data("mseLow", r -> r.of(CutDamage.Measure.MSE).low())
          .data("mseHigh", r -> r.of(CutDamage.Measure.MSE).high())
          .number("psnrDb", "PSNR (dB)", 2, r -> -r.of(CutDamage.Measure.PSNR).mean())
          .data("identical", r -> r.of(CutDamage.Measure.PSNR).infinite())
          .number(
              "asiZ",
              "z of asi",
              2,
              r -> asi == null || r.scale() == null ? null : asi[r.layer()][r.scale()])
          .both(
              "role",
              "role by " + roles.roles().statistics().name(),
              r ->
                  r.scale() == null
                      ? null
                      : roles.roles().assignment().role(r.layer(), r.scale()).word())
          .note(conditions())
          .note(
              "Different bits: share of the image's token bits that differ from the full cache"
                  + " (none does before the compression), with a 95 % bootstrap interval over"
                  + " prompts.")
          .build();
    }

    private static String percent(Interval i) {
      return String.format(
          Locale.ROOT, "%.2f [%.2f, %.2f]", 100 * i.mean(), 100 * i.low(), 100 * i.high());
    }

    private String conditions() {
      CutDamage d = measured.get(0);
      String prompts =
          String.join(
              ", ",
              measured.stream()
                  .map(m -> (m.ofPairs() ? "pairs " : "layers ") + m.prompts().count() + " prompts")
                  .toList());
      return String.format(
          Locale.ROOT,
          "%s, budget %d of %d tokens; %s. Scale \"all\": the layer is compressed to the budget at"
              + " every scale that reads a compressed cache, all others keep everything. A scale:"
              + " the layer is compressed once, for the map of that scale; later tokens are kept"
              + " and evicted ones do not return.",
          d.model().name(),
          d.budgetTokens(),
          d.schedule().historyTokens(),
          prompts);
    }

    private ReportTable comparison(
        String name, List<DamageCorrelation> rows, List<LayerScale> worst) {
      SortedMap<String, String> source = roles.source();
      return ReportTable.of(
              name, roles.model().name() + ": statistics that predict the damage", rows)
          .both("damage", "damage", x -> x.measure().key())
          .both("level", "level", DamageCorrelation::level)
          .data("statistic", x -> x.predictor().name())
          .text("statistic", DamageCorrelation::label)
          .data("lowMeansDrafter", x -> x.predictor().oriented() ? "yes" : "no")
          .data("rho", x -> x.rank().rho())
          .data("low", x -> x.rank().low())
          .data("high", x -> x.rank().high())
          .text("ρ [95 %]", Answers::words)
          .data("promptLow", x -> x.rank().promptLow())
          .data("promptHigh", x -> x.rank().promptHigh())
          .data("p", x -> x.rank().p())
          .number("pHolm", "p, Holm", 4, DamageCorrelation::pHolm)
          .data("layers", x -> x.rank().blocks())
          .data("n", x -> x.rank().n())
          .note(worst == null ? "" : "Largest damage: " + Study.words(worst, maps) + ".")
          .note(conditions())
          .note(
              (source.isEmpty()
                      ? ""
                      : "Statistics of "
                          + source.get("prompts")
                          + " prompts of "
                          + source.get("promptFile")
                          + ". ")
                  + "Spearman's ρ of statistic and damage (high is worse). Statistics have the sign"
                  + " with which low means drafter, except †: a negative ρ says that drafters lose"
                  + " more by a small cache, as ScaleKV expects, a positive one that refiners do.")
          .note(
              "In brackets: 95 % bootstrap interval over layers, with all their scales, and"
                  + " prompts. Bold: p < 0.05 by permuting whole layers, after Holm's correction"
                  + " over the statistics of a level. The interval over prompts alone is in the"
                  + " CSV.")
          .build();
    }

    private static String words(DamageCorrelation c) {
      if (Double.isNaN(c.rank().rho())) {
        return null;
      }
      String text =
          String.format(
              Locale.ROOT, "%+.2f [%+.2f, %+.2f]", c.rank().rho(), c.rank().low(), c.rank().high());
      return c.significant() ? "**" + text + "**" : text;
    }

    private String conditionsShort(CutDamage d) {
      return String.format(
          Locale.ROOT,
          "one layer compressed to %d of %d tokens%s; %d prompts",
          d.budgetTokens(),
          d.schedule().historyTokens(),
          d.ofPairs() ? " for one scale" : "",
          d.prompts().count());
    }

    /** Heat map of the damage; the drafters of the calibration are outlined. */
    private Figure map(CutDamage d) {
      double[][] damage = means(d);
      boolean[][] drafters = new boolean[damage.length][damage[0].length];
      String[][] texts = new String[damage.length][damage[0].length];
      for (int l = 0; l < damage.length; l++) {
        for (int i = 0; i < damage[l].length; i++) {
          damage[l][i] *= 100;
          drafters[l][i] =
              d.ofPairs() && roles.roles().assignment().isDrafter(l, d.scales().get(i));
          texts[l][i] = ReportTable.fixed(damage[l][i], 2);
        }
      }
      return LayerScaleMap.of(roles.model().name() + ": damage of compressing one layer", damage)
          .notes(conditionsShort(d), "outlined: drafter of the calibration")
          .columns(
              "scale that reads the compressed cache (its token map)",
              d.ofPairs()
                  ? d.scales().stream().map(k -> LayerScaleMap.scale(maps, k)).toList()
                  : List.of("all"))
          .colours(Palette.SHARE, 0, Double.NaN)
          .unit("bits that differ (%)")
          .texts(texts)
          .outlined(drafters)
          .build();
    }

    private Figure bars() {
      return BarFigure.of(
          roles.model().name() + ": statistics that predict the damage",
          "Spearman's ρ with the share of differing bits ("
              + level
              + "), 95 % over layers and prompts; dark: significant; negative: drafters lose more",
          main.stream()
              .map(
                  c ->
                      new BarFigure.Bar(
                          c.label(),
                          PolicyStyle.numbered(c.significant() ? 1 : 4),
                          c.rank().rho(),
                          c.rank().low(),
                          c.rank().high(),
                          String.format(Locale.ROOT, "%+.2f", c.rank().rho())))
              .toList());
    }
  }
}
