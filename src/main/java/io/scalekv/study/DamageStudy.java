package io.scalekv.study;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Psnr;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.report.BarFigure;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.Palette;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RankClassifier;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Study of the damage of a compressed cache: images drawn with the cache of one layer compressed at
 * a time (policy {@code one-layer}) against the attention statistics of a calibration. Which
 * statistic predicts the layers that need a large cache?
 */
final class DamageStudy {
  private static final double SAME = 1e-6;

  private DamageStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    List<Path> calibrations =
        request.inputs().stream().filter(p -> Files.exists(p.resolve("roles.json"))).toList();
    Require.that(
        calibrations.size() == 1,
        "damage reads one calibration folder with roles.json, got %d",
        calibrations.size());
    Path calibration = calibrations.get(0);
    Calibration roles = CalibrationFile.read(calibration.resolve("roles.json"));
    KeptStatistics kept = statistics(calibration, roles);
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
    return new Answers(roles, measured, kept).answer();
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

  /** Reads the statistics of the calibration and refuses others. */
  private static KeptStatistics statistics(Path calibration, Calibration roles) {
    KeptStatistics kept = KeptStatistics.read(calibration);
    Require.that(
        kept.schedule().equals(roles.model().schedule())
            && kept.table().layers() == roles.model().layers(),
        "statistics of %s must be of the model in its roles.json, %s",
        calibration,
        roles.model().name());
    RoleStatistics statistics = roles.roles().statistics();
    double[][] values = kept.table().value(LayerStatistic.ofCliName(statistics.name()));
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        double wanted = statistics.value(l, k);
        Require.that(
            Double.isNaN(wanted) || Math.abs(values[l][k] - wanted) <= SAME * Math.abs(wanted),
            "%s: %s of layer %d at scale %d must be %s as in roles.json, got %s",
            calibration,
            statistics.name(),
            l,
            k + 1,
            wanted,
            values[l][k]);
      }
    }
    return kept;
  }

  /** Tables and figures of one calibration and its measurements. */
  private static final class Answers {
    private final Calibration roles;
    private final ScaleSchedule schedule;
    private final List<CutDamage> measured;
    private final List<DamageCorrelation> correlations;

    Answers(Calibration roles, List<CutDamage> measured, KeptStatistics kept) {
      this.roles = roles;
      this.schedule = roles.model().schedule();
      this.measured = measured;
      List<DamagePredictor> predictors = DamagePredictor.of(kept, measured.get(0).firstCutScale());
      correlations =
          measured.stream()
              .flatMap(d -> DamageCorrelation.of(d, predictors).stream())
              .filter(c -> !Double.isNaN(c.rank().rho()))
              .sorted(
                  Comparator.comparing(DamageCorrelation::level)
                      .reversed()
                      .thenComparingDouble(c -> -Math.abs(c.rank().rho())))
              .toList();
    }

    /** The most detailed measurement: pairs, or whole layers where only those were compressed. */
    private CutDamage finest() {
      return measured.get(measured.size() - 1);
    }

    Answer answer() {
      return new Answer(List.of(correlations(), damage()), List.of(map(), bars()));
    }

    /** Returns the pairs with the largest damage in bits, as many as a calibration has drafters. */
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
          .limit(RankClassifier.usual(d.layers(), d.scales().size()))
          .toList();
    }

    /** Returns the mean share of differing bits, [layer][place]. */
    private static double[][] means(CutDamage d) {
      return Arrays.stream(d.bits())
          .map(
              row ->
                  Arrays.stream(row)
                      .mapToDouble(v -> Arrays.stream(v).average().orElse(Double.NaN))
                      .toArray())
          .toArray(double[][]::new);
    }

    /** Row of the table of damages; no scale where the layer is compressed at all scales. */
    private record Row(CutDamage damage, int layer, int place) {
      Integer scale() {
        return damage.ofPairs() ? damage.scales().get(place) : null;
      }

      Interval of(double[][][] values) {
        return Bootstrap.withSeed(0).mean(values[layer][place]);
      }
    }

    private ReportTable damage() {
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
          .text("scale", r -> r.scale() == null ? "all" : scale(r.scale()))
          .interval("differentBits", "different bits", 4, r -> r.of(r.damage().bits()))
          .number("psnrDb", "PSNR (dB)", 2, r -> r.of(r.damage().psnrDb()).mean())
          .data("identical", r -> r.of(r.damage().psnrDb()).infinite())
          .number(
              "psnrOfMeanMseDb",
              "PSNR of mean MSE (dB)",
              2,
              r -> Psnr.ofMeanError(r.damage().psnrDb()[r.layer()][r.place()]))
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

    private String scale(int scale) {
      return LayerScaleMap.scale(schedule.maps(), scale);
    }

    private String conditions() {
      CutDamage d = measured.get(0);
      String prompts =
          measured.stream()
              .map(m -> (m.ofPairs() ? "pairs " : "layers ") + m.prompts().count() + " prompts")
              .collect(Collectors.joining(", "));
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

    private ReportTable correlations() {
      ReportTable.Builder<DamageCorrelation> table =
          ReportTable.of(
                  "correlations",
                  roles.model().name() + ": statistics that predict the damage",
                  correlations)
              .both("level", "level", DamageCorrelation::level)
              .data("statistic", x -> x.predictor().name())
              .text("statistic", DamageCorrelation::label)
              .data("lowMeansDrafter", x -> x.predictor().oriented() ? "yes" : "no")
              .data("rho", x -> x.rank().rho())
              .data("rhoLow", x -> x.rank().low())
              .data("rhoHigh", x -> x.rank().high())
              .text("ρ [95 %]", Answers::words)
              .data("promptLow", x -> x.rank().promptLow())
              .data("promptHigh", x -> x.rank().promptHigh())
              .data("p", x -> x.rank().p())
              .number("pHolm", "p, Holm", 4, DamageCorrelation::pHolm)
              .data("layers", x -> x.rank().blocks())
              .data("n", x -> x.rank().n());
      if (finest().ofPairs()) {
        table.note("Largest damage: " + Study.words(worst(finest()), schedule) + ".");
      }
      return table
          .note(conditions())
          .note(
              "Spearman's ρ of a statistic and the share of differing bits (high is worse)."
                  + " Statistics have the sign with which low means drafter, except †: a negative ρ"
                  + " says that drafters lose more by a small cache, as ScaleKV expects, a positive"
                  + " one that refiners do.")
          .note(
              "In brackets: 95 % bootstrap interval over layers, with all their scales, and"
                  + " prompts. Bold: p < 0.05 by permuting whole layers, after Holm's correction"
                  + " over the statistics of a level. The interval over prompts alone is in the"
                  + " CSV.")
          .build();
    }

    private static String words(DamageCorrelation c) {
      String text =
          String.format(
              Locale.ROOT, "%+.2f [%+.2f, %+.2f]", c.rank().rho(), c.rank().low(), c.rank().high());
      return c.significant() ? "**" + text + "**" : text;
    }

    /** Heat map of the damage; the drafters of the calibration are outlined. */
    private NamedFigure map() {
      CutDamage d = finest();
      double[][] percent =
          Arrays.stream(means(d))
              .map(row -> Arrays.stream(row).map(v -> 100 * v).toArray())
              .toArray(double[][]::new);
      String title = roles.model().name() + ": damage of compressing one layer";
      String conditions =
          "one layer compressed to %d of %d tokens%s; %d prompts"
              .formatted(
                  d.budgetTokens(),
                  d.schedule().historyTokens(),
                  d.ofPairs() ? " for one scale" : "",
                  d.prompts().count());
      return new NamedFigure(
          "damage",
          title,
          LayerScaleMap.of(title, percent)
              .notes(conditions, "outlined: drafter of the calibration")
              .columns(
                  "scale that reads the compressed cache (its token map)",
                  d.ofPairs() ? d.scales().stream().map(this::scale).toList() : List.of("all"))
              .colours(Palette.SHARE, 0, Double.NaN)
              .unit("bits that differ (%)")
              .texts((l, i) -> ReportTable.fixed(percent[l][i], 2))
              .outlined(
                  (l, i) ->
                      d.ofPairs() && roles.roles().assignment().isDrafter(l, d.scales().get(i)))
              .build());
    }

    private NamedFigure bars() {
      String level = correlations.get(0).level();
      String title = roles.model().name() + ": statistics that predict the damage";
      return new NamedFigure(
          "correlations",
          title,
          BarFigure.of(
              title,
              "Spearman's ρ with the share of differing bits ("
                  + level
                  + "), 95 % over layers and prompts; dark: significant; negative: drafters lose"
                  + " more",
              correlations.stream()
                  .filter(c -> c.level().equals(level))
                  .map(
                      c ->
                          new BarFigure.Bar(
                              c.label(),
                              PolicyStyle.numbered(c.significant() ? 1 : 4),
                              c.rank().interval(),
                              String.format(Locale.ROOT, "%+.2f", c.rank().rho())))
                  .toList()));
    }
  }
}
