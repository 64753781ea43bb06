package io.scalekv.report;

import io.scalekv.experiment.CutDamage;
import io.scalekv.experiment.Results;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.profile.LayerMetric;
import io.scalekv.roles.LayerRoles;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tech.tablesaw.api.Table;

/**
 * Whether a calibration tells which layers need their cache: the damage of cutting them one by one
 * against the statistics of their attention, as tables and a figure.
 */
public final class DamageReport {
  private static final double SAME = 1e-6;
  private static final CutDamage.Measure FIRST = CutDamage.Measure.BITS;

  /**
   * One feature in the summary.
   *
   * @param feature its name
   * @param oriented whether a negative ρ means that its drafters are damaged more
   * @param rho Spearman's ρ with the share of differing bits
   * @param low lower end of the 95 % interval over layers and prompts
   * @param high its upper end
   * @param p of the permutation test
   * @param pHolm corrected over the features
   */
  public record Line(
      String feature,
      boolean oriented,
      double rho,
      double low,
      double high,
      double p,
      double pHolm) {}

  /**
   * What was written.
   *
   * @param model name of the model
   * @param layers number of layers
   * @param pairs number of pairs that were cut alone, 0 for none
   * @param level what the lines compare: {@code within-scale}, or {@code layers} where only whole
   *     layers were cut
   * @param lines features by |ρ|, largest first
   * @param drafters the pairs with the largest damage, as many as the calibration has drafters, in
   *     the form of the setting {@code drafters} of policy scalekv; null without pairs
   * @param files written
   */
  public record Written(
      String model,
      int layers,
      int pairs,
      String level,
      List<Line> lines,
      String drafters,
      List<String> files) {}

  private final List<CutDamage> measured;
  private final RolesDocument roles;
  private final List<LayerFeature> features;
  private final List<DamageCorrelation> correlations;

  private DamageReport(List<CutDamage> measured, RolesDocument roles, List<LayerFeature> features) {
    this.measured = measured;
    this.roles = roles;
    this.features = features;
    this.correlations =
        measured.stream().flatMap(d -> DamageCorrelation.of(d, features).stream()).toList();
  }

  /**
   * Compares and writes.
   *
   * @param results folders with cells of policy {@code one-layer}: whole layers, pairs or both
   * @param calibration folder that {@code calibrate} left, with {@code roles.json} and {@code
   *     profile.csv}
   * @param out folder for tables and figure
   * @throws IllegalArgumentException for results that are incomplete or of another model
   */
  public static Written write(List<Path> results, Path calibration, Path out) throws IOException {
    RolesDocument roles = RolesJson.read(file(calibration, "roles.json"));
    Path csv = file(calibration, "profile.csv");
    ProfileTable profile = ProfileTable.read(csv);
    check(profile, roles, csv);
    List<CutDamage> measured = new ArrayList<>();
    for (Path folder : results) {
      for (CutDamage d :
          CutDamage.of(Results.read(folder), folder.toString(), roles.model().layers())) {
        check(d, roles, folder, calibration);
        if (measured.stream().anyMatch(m -> m.ofPairs() == d.ofPairs())) {
          throw new IllegalArgumentException(
              folder
                  + ": one folder of "
                  + (d.ofPairs() ? "layers cut for one scale" : "layers cut for all scales")
                  + " expected, got another");
        }
        if (!measured.isEmpty() && measured.get(0).budgetTokens() != d.budgetTokens()) {
          throw new IllegalArgumentException(
              String.format(
                  "%s: a budget of %d tokens as in %s expected, got %d",
                  folder, measured.get(0).budgetTokens(), results.get(0), d.budgetTokens()));
        }
        measured.add(d);
      }
    }
    measured.sort(Comparator.comparing(CutDamage::ofPairs));
    List<LayerFeature> features = LayerFeature.of(profile, measured.get(0).firstCutScale());
    return new DamageReport(measured, roles, features).write(out);
  }

  private static Path file(Path folder, String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          folder + ": a folder that calibrate left expected, got none with " + name);
    }
    return file;
  }

  /** Refuses a profile that is not the one the roles were told by. */
  private static void check(ProfileTable profile, RolesDocument roles, Path csv) {
    double[][] metric = profile.values("metric", roles.metric().name());
    int layers = roles.model().layers();
    int scales = roles.model().schedule().size();
    if (profile.layers() != layers || profile.scales() != scales) {
      throw new IllegalArgumentException(
          String.format(
              "%s: %d layers and %d scales as in roles.json expected, got %d and %d",
              csv, layers, scales, profile.layers(), profile.scales()));
    }
    for (RolesDocument.Pair p : roles.pairs()) {
      double got = metric[p.layer()][p.scale()];
      if (p.metric() != null && !(Math.abs(got - p.metric()) <= SAME * Math.abs(p.metric()))) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s: %s of layer %d at scale %d: %s as in roles.json expected, got %s",
                csv,
                roles.metric().name(),
                p.layer(),
                p.scale(),
                p.metric(),
                got));
      }
    }
  }

  private static void check(CutDamage d, RolesDocument roles, Path folder, Path calibration) {
    RolesDocument.Model m = roles.model();
    if (!d.model().weights().equals(m.weights())) {
      throw new IllegalArgumentException(
          String.format(
              "%s: a calibration of the weights of %s (%s, %s) expected, got %s, %s",
              calibration, folder, d.model().name(), d.model().weights(), m.name(), m.weights()));
    }
    if (!d.schedule().maps().equals(m.schedule())) {
      throw new IllegalArgumentException(
          String.format(
              "%s: a calibration of maps %s as in %s expected, got %s",
              calibration, d.schedule().maps(), folder, m.schedule()));
    }
  }

  private Written write(Path out) throws IOException {
    damage().write(out);
    comparison().write(out);
    List<String> files = new ArrayList<>();
    for (String name : List.of("damage.csv", "damage.md", "correlations.csv", "correlations.md")) {
      files.add(out.resolve(name).toString());
    }
    DamageFigure figure = figure();
    FigureFile.png(figure, out.resolve("damage.png"));
    FigureFile.svg(figure, out.resolve("damage.svg"));
    files.add(out.resolve("damage.png").toString());
    files.add(out.resolve("damage.svg").toString());
    Optional<CutDamage> pairs = pairs();
    return new Written(
        roles.model().name(),
        roles.model().layers(),
        pairs.map(d -> d.layers() * d.scales().size()).orElse(0),
        mainLevel(),
        main().stream().map(DamageReport::line).toList(),
        pairs.map(this::worst).orElse(null),
        files);
  }

  private static Line line(DamageCorrelation c) {
    return new Line(
        c.feature().name(),
        c.feature().oriented(),
        c.rank().rho(),
        c.rank().low(),
        c.rank().high(),
        c.rank().p(),
        c.pHolm());
  }

  private Optional<CutDamage> pairs() {
    return measured.stream().filter(CutDamage::ofPairs).findFirst();
  }

  private String mainLevel() {
    return pairs().isPresent() ? DamageCorrelation.WITHIN : DamageCorrelation.LAYERS;
  }

  /** The correlations of bits at the main level, by |ρ|. */
  private List<DamageCorrelation> main() {
    return at(mainLevel(), FIRST).stream()
        .filter(c -> !Double.isNaN(c.rank().rho()))
        .sorted(Comparator.comparingDouble(c -> -Math.abs(c.rank().rho())))
        .toList();
  }

  private List<DamageCorrelation> at(String level, CutDamage.Measure measure) {
    return correlations.stream()
        .filter(c -> c.level().equals(level) && c.measure() == measure)
        .toList();
  }

  /** The pairs with the largest damage in bits. */
  private String worst(CutDamage d) {
    double[][][] y = d.values(FIRST);
    record Cut(int layer, int scale, double damage) {}
    List<Cut> all = new ArrayList<>();
    for (int l = 0; l < d.layers(); l++) {
      for (int i = 0; i < d.scales().size(); i++) {
        all.add(new Cut(l, d.scales().get(i), mean(y[l][i])));
      }
    }
    int count = LayerRoles.defaultDrafters(d.layers(), d.scales().size());
    return String.join(
        "+",
        all.stream()
            .sorted(Comparator.comparingDouble(Cut::damage).reversed())
            .limit(count)
            .map(c -> c.layer() + "@" + c.scale())
            .toList());
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
  }

  /** One row of the table of damages. */
  private record Row(
      int layer,
      String scale,
      Interval bits,
      Interval mse,
      Interval psnr,
      Double asiZ,
      String role) {}

  private ReportTable damage() {
    Optional<double[][]> z =
        features.stream()
            .filter(f -> f.name().equals(LayerMetric.ASI.cliName()))
            .findFirst()
            .map(LayerFeature::z);
    List<Row> rows = new ArrayList<>();
    for (CutDamage d : measured) {
      int places = Math.max(1, d.scales().size());
      for (int i = 0; i < places; i++) {
        for (int l = 0; l < d.layers(); l++) {
          int layer = l;
          Integer scale = d.ofPairs() ? d.scales().get(i) : null;
          rows.add(
              new Row(
                  l,
                  scale == null ? "all" : scale.toString(),
                  interval(d.values(CutDamage.Measure.BITS)[l][i]),
                  interval(d.values(CutDamage.Measure.MSE)[l][i]),
                  interval(d.values(CutDamage.Measure.PSNR)[l][i]),
                  scale == null ? null : z.map(v -> v[layer][scale]).orElse(null),
                  scale == null ? null : roles.assignment().role(l, scale).word()));
        }
      }
    }
    Table numbers = Table.create("damage");
    Table shown = Table.create("damage");
    numbers.addColumns(
        Columns.numbers("layer", map(rows, Row::layer)),
        Columns.texts("scale", map(rows, Row::scale)),
        Columns.numbers("differentBits", map(rows, r -> r.bits().mean())),
        Columns.numbers("differentBitsLow", map(rows, r -> r.bits().low())),
        Columns.numbers("differentBitsHigh", map(rows, r -> r.bits().high())),
        Columns.numbers("mse", map(rows, r -> r.mse().mean())),
        Columns.numbers("mseLow", map(rows, r -> r.mse().low())),
        Columns.numbers("mseHigh", map(rows, r -> r.mse().high())),
        Columns.numbers("psnrDb", map(rows, r -> -r.psnr().mean())),
        Columns.numbers("identical", map(rows, r -> r.psnr().infinite())),
        Columns.numbers("asiZ", map(rows, Row::asiZ)),
        Columns.texts("role", map(rows, Row::role)));
    shown.addColumns(
        Columns.texts("layer", map(rows, r -> Integer.toString(r.layer()))),
        Columns.texts("scale", map(rows, Row::scale)),
        Columns.texts("different bits, %", map(rows, r -> percent(r.bits()))),
        Columns.texts("PSNR, dB", map(rows, r -> number("%.2f", -r.psnr().mean()))),
        Columns.texts("z of asi", map(rows, r -> number("%.2f", r.asiZ()))),
        Columns.texts("role by " + roles.metric().name(), map(rows, Row::role)));
    List<String> notes = new ArrayList<>(List.of(semantics()));
    notes.add(
        "Different bits: share of the image's token bits that differ from the full cache (before the"
            + " cut none does), with a 95 % bootstrap interval over prompts. Layers and scales"
            + " count from 0. Roles are those of the calibration.");
    return new ReportTable("damage", title("What a cut of one layer costs"), numbers, shown, notes);
  }

  private String semantics() {
    CutDamage d = measured.get(0);
    String prompts =
        String.join(
            ", ",
            measured.stream()
                .map(m -> (m.ofPairs() ? "pairs " : "layers ") + m.prompts().count() + " prompts")
                .toList());
    return String.format(
        Locale.ROOT,
        "%s, budget %d of %d tokens; %s. Scale \"all\": the layer holds the budget at every scale"
            + " that reads a cut cache, all others hold everything. A scale: the layer is cut to the"
            + " budget once, for the map of that scale; later tokens are kept, what was cut stays"
            + " away, as if that pair alone were a refiner.",
        d.model().name(),
        d.budgetTokens(),
        d.schedule().historyTokens(),
        prompts);
  }

  private String title(String what) {
    return what + ": " + roles.model().name();
  }

  private static Interval interval(double[] byPrompt) {
    double[][] values =
        Arrays.stream(byPrompt)
            .mapToObj(v -> new double[] {Double.isNaN(v) ? Double.POSITIVE_INFINITY : v})
            .toArray(double[][]::new);
    return Bootstrap.withSeed(0).mean(values);
  }

  private ReportTable comparison() {
    Table numbers = Table.create("correlations");
    List<DamageCorrelation> all = correlations;
    numbers.addColumns(
        Columns.texts("damage", map(all, c -> c.measure().key())),
        Columns.texts("level", map(all, DamageCorrelation::level)),
        Columns.texts("feature", map(all, c -> c.feature().name())),
        Columns.texts("lowMeansDrafter", map(all, c -> c.feature().oriented() ? "yes" : "no")),
        Columns.numbers("rho", map(all, c -> c.rank().rho())),
        Columns.numbers("low", map(all, c -> c.rank().low())),
        Columns.numbers("high", map(all, c -> c.rank().high())),
        Columns.numbers("promptLow", map(all, c -> c.rank().promptLow())),
        Columns.numbers("promptHigh", map(all, c -> c.rank().promptHigh())),
        Columns.numbers("p", map(all, c -> c.rank().p())),
        Columns.numbers("pHolm", map(all, DamageCorrelation::pHolm)),
        Columns.numbers("layers", map(all, c -> c.rank().blocks())),
        Columns.numbers("n", map(all, c -> c.rank().n())));
    Table shown = Table.create("correlations");
    List<String> names = main().stream().map(c -> c.feature().name()).toList();
    Set<String> levels = new HashSet<>(map(all, DamageCorrelation::level));
    shown.addColumns(
        Columns.texts(
            "feature",
            map(main(), c -> c.feature().name() + (c.feature().oriented() ? "" : " †"))));
    column(shown, names, levels, DamageCorrelation.WITHIN, FIRST, "pairs, within scales: bits");
    column(shown, names, levels, DamageCorrelation.PAIRS_Z, FIRST, "pairs, z: bits");
    column(shown, names, levels, DamageCorrelation.LAYERS, FIRST, "layers: bits");
    CutDamage.Measure mse = CutDamage.Measure.MSE;
    column(shown, names, levels, DamageCorrelation.WITHIN, mse, "pairs, within scales: MSE");
    column(shown, names, levels, DamageCorrelation.LAYERS, mse, "layers: MSE");
    RolesDocument.Calibration c = roles.calibration();
    List<String> notes = new ArrayList<>(List.of(semantics()));
    notes.add(
        (c == null ? "" : "Features of " + c.promptCount() + " prompts of " + c.promptFile() + ". ")
            + "Spearman's ρ of feature and damage (high is worse). Features have the sign with"
            + " which low means drafter, but for †: a negative ρ says that drafters lose more by a"
            + " small cache, as ScaleKV expects, a positive one that refiners do.");
    notes.add(
        "In brackets: 95 % bootstrap interval over layers, with all their scales, and prompts. Bold:"
            + " p < 0.05 by permuting whole layers, after Holm's correction over the "
            + names.size()
            + " features of a column. p, the interval over prompts alone and single scales are in"
            + " the CSV.");
    return new ReportTable(
        "correlations", title("Which statistic tells what a cut costs"), numbers, shown, notes);
  }

  private void column(
      Table shown,
      List<String> names,
      Set<String> levels,
      String level,
      CutDamage.Measure measure,
      String title) {
    if (!levels.contains(level)) {
      return;
    }
    List<String> texts =
        names.stream()
            .map(
                name ->
                    at(level, measure).stream()
                        .filter(c -> c.feature().name().equals(name))
                        .findFirst()
                        .map(DamageReport::words)
                        .orElse(null))
            .toList();
    shown.addColumns(Columns.texts(title, texts));
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

  private static String percent(Interval i) {
    return String.format(
        Locale.ROOT, "%.2f [%.2f, %.2f]", 100 * i.mean(), 100 * i.low(), 100 * i.high());
  }

  private static String number(String format, Double value) {
    return value == null || value.isNaN() ? null : String.format(Locale.ROOT, format, value);
  }

  private DamageFigure figure() {
    CutDamage d = pairs().orElse(measured.get(0));
    List<DamageCorrelation> dots = main();
    String asi = LayerMetric.ASI.cliName();
    List<DamageFigure.Scatter> scatters = new ArrayList<>();
    dots.stream()
        .filter(c -> c.feature().name().equals(asi))
        .findFirst()
        .ifPresent(c -> scatters.add(scatter(d, c, "")));
    dots.stream()
        .filter(c -> !c.feature().name().equals(asi))
        .findFirst()
        .ifPresent(c -> scatters.add(scatter(d, c, ", the largest |ρ| of all")));
    double[][] damage =
        Arrays.stream(d.values(FIRST))
            .map(row -> Arrays.stream(row).mapToDouble(DamageReport::mean).toArray())
            .toArray(double[][]::new);
    List<String> places =
        d.ofPairs()
            ? d.scales().stream().map(k -> "scale " + k + " (" + d.schedule().map(k) + ")").toList()
            : List.of("all scales");
    return DamageFigure.of(
        new DamageFigure.Content(
            roles.model().name() + ": do roles tell what a cut costs?",
            String.format(
                Locale.ROOT,
                "one layer cut to %d of %d tokens%s, all others whole; %d prompts; features of %s"
                    + " other prompts; numbers are layers",
                d.budgetTokens(),
                d.schedule().historyTokens(),
                d.ofPairs() ? " for one scale" : "",
                d.prompts().count(),
                roles.calibration() == null ? "" : roles.calibration().promptCount()),
            "share of bits that differ",
            places,
            damage,
            d.ofPairs() ? ", within scales" : "",
            dots,
            asi),
        scatters);
  }

  private DamageFigure.Scatter scatter(CutDamage d, DamageCorrelation c, String note) {
    LayerFeature f = c.feature();
    double[][] x = d.ofPairs() ? LayerFeature.at(f.z(), d.scales()) : f.meanZ(d.firstCutScale());
    String axis =
        f.oriented() ? "← drafter      z of " + f.name() + "      refiner →" : "z of " + f.name();
    return new DamageFigure.Scatter(
        String.format(
            Locale.ROOT,
            "%s: ρ = %s%s",
            f.name(),
            String.format(Locale.ROOT, "%+.2f", c.rank().rho()).replace("-", "−"),
            note),
        axis,
        x);
  }

  private static <A, B> List<B> map(List<A> values, Function<A, B> f) {
    List<B> mapped = new ArrayList<>();
    values.forEach(v -> mapped.add(f.apply(v)));
    return mapped;
  }
}
