package io.scalekv.report;

import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Moments;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.Role;
import io.scalekv.roles.Roles;
import io.scalekv.roles.UnsureRole;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Collectors;

/**
 * HTML page of attention statistics, complete in one file: that of a calibration, or that of an
 * atlas. The page is the Mustache template {@code statistics.html}.
 */
final class StatisticsPage {
  /** Name of its file. */
  static final String NAME = "report.html";

  private final Map<String, Object> page = new LinkedHashMap<>();
  private final List<Map<String, Object>> groups = new ArrayList<>();

  /** Returns the page of a calibration; layers without a resampled role have no confidence. */
  static String of(Calibration c, AttentionProfile profile) throws IOException {
    Roles roles = c.roles();
    List<UnsureRole> unsure = UnsureRole.of(c);
    StatisticsPage page =
        new StatisticsPage(
            c.model().name() + ": drafters, refiners and budgets",
            findings(c, unsure),
            List.of(roles(c, unsure)));
    page.group(
        "Roles",
        "Layer 0 is at the bottom; drafters need the large cache.",
        new NamedFigure("roles", RoleHeatMap.ALT, RoleHeatMap.of(c)));
    if (roles.bootstrap() != null) {
      page.group(
          "Confidence",
          "Share of %d resamples of the images that agree with the role; below %.1f it is unsure."
              .formatted(roles.bootstrap().draws(), UnsureRole.SURE),
          map(c, "confidence in the role", roles::confidence, 0, 1, "share of resamples"));
    }
    Optional<LayerStatistic> statistic =
        Arrays.stream(LayerStatistic.values())
            .filter(s -> s.cliName().equals(roles.statistics().name()))
            .findFirst();
    if (statistic.isPresent() && profile.prompts().size() > 1) {
      page.group(
          "Dispersion",
          "Standard deviation over the images, divided by the mean: what differs from image to"
              + " image cannot be told from few of them.",
          new NamedFigure(
              "dispersion",
              "dispersion of the statistic by layer and scale",
              dispersion(profile, statistic.get(), 0)));
    }
    page.group(
        "Budgets",
        "Tokens that a layer and head retain for the scale that reads them.",
        map(
            c,
            "budget",
            (l, k) -> roles.plan().tokens(k, l),
            Double.NaN,
            Double.NaN,
            "tokens per layer and head"));
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.putAll(c.source());
    provenance.put("weights", c.model().weights());
    c.software().forEach((name, version) -> provenance.put("software: " + name, version));
    return page.text(provenance);
  }

  private static Findings findings(Calibration c, List<UnsureRole> unsure) {
    Roles roles = c.roles();
    int drafters = roles.assignment().drafters().size();
    long doubtful = unsure.stream().filter(u -> u.role() == Role.DRAFTER).count();
    int pairs = roles.statistics().pairs().size();
    List<String> found = new ArrayList<>();
    CalibrationSummary summary = CalibrationSummary.of(c);
    found.add(
        pairs == 0
            ? "No scale reads a compressed cache at this budget."
            : drafters == 0
                ? "No layer is a drafter: every layer has the same budget."
                : "%d of %d layer–scale pairs are drafters: %s."
                    .formatted(
                        drafters,
                        pairs,
                        summary.drafters().stream()
                            .map(CalibrationSummary.Drafter::toString)
                            .reduce((a, b) -> a + "; " + b)
                            .orElse("")));
    CalibrationSummary.leftOut(roles.classified().leftOut()).ifPresent(l -> found.add(l + "."));
    if (doubtful > 0) {
      found.add(
          ("%d of them %s unsure: fewer than %.1f of the resamples of the images agree. With"
                  + " other images other layers may come out; calibrate with more, or give unsure"
                  + " layers the same share: %s.")
              .formatted(
                  doubtful, doubtful == 1 ? "is" : "are", UnsureRole.SURE, summary.equalShares()));
    } else if (drafters > 0 && roles.bootstrap() != null) {
      found.add(
          "All drafters are sure: at least %.1f of the resamples agree."
              .formatted(UnsureRole.SURE));
    }
    String source = c.source().getOrDefault("prompts", "unknown");
    return new Findings(
        "Which layers of %s need a large cache? Attention of %s %s under the full cache, z of %s, roles by %s, budget %s = %d tokens per layer and head."
            .formatted(
                c.model().name(),
                source,
                source.equals("1") ? "image" : "images",
                roles.statistics().name(),
                roles.classified().classifier(),
                roles.request(),
                roles.budgetTokens()),
        found);
  }

  /** Drafters, and every role that is unsure. */
  private static ReportTable roles(Calibration c, List<UnsureRole> unsure) {
    Roles roles = c.roles();
    double[][] z = roles.statistics().z();
    Map<LayerScale, String> reasons =
        unsure.stream()
            .collect(Collectors.toMap(UnsureRole::pair, UnsureRole::reason, (a, b) -> a));
    List<LayerScale> shown = new ArrayList<>(roles.assignment().drafters());
    unsure.stream().map(UnsureRole::pair).filter(p -> !shown.contains(p)).forEach(shown::add);
    return ReportTable.of("roles", "Drafters and unsure roles", shown)
        .text("layer", LayerScale::layer)
        .text("scale", p -> LayerScaleMap.scale(c.model().schedule().maps(), p.scale()))
        .text("role", p -> roles.assignment().role(p.layer(), p.scale()).word())
        .text("z", p -> LayerScaleMap.number(z[p.layer()][p.scale()]))
        .text("confidence", p -> ReportTable.fixed(roles.confidence(p.layer(), p.scale()), 2))
        .text("tokens", p -> roles.plan().tokens(p.scale(), p.layer()))
        .text("unsure, because", p -> reasons.getOrDefault(p, "–"))
        .note(
            "Unsure: confidence below %.1f, or no resampling of the images."
                .formatted(UnsureRole.SURE))
        .build();
  }

  private static NamedFigure map(
      Calibration c,
      String title,
      ToDoubleBiFunction<Integer, Integer> value,
      double low,
      double high,
      String unit) {
    int first = c.roles().firstCutScale();
    double[][] values =
        LayerScale.table(
            c.model().layers(),
            c.model().scales(),
            (l, k) -> k < first ? Double.NaN : value.applyAsDouble(l, k));
    return new NamedFigure(
        title,
        title + " by layer and scale",
        LayerScaleMap.of(c.model().name() + ": " + title, values)
            .notes("crossed out: the scale reads a whole cache")
            .scales(c.model().schedule(), 0)
            .colours(Palette.SEQUENTIAL, low, high)
            .unit(unit)
            .numbers()
            .outlined(c.roles().assignment()::isDrafter)
            .build());
  }

  /** Standard deviation over prompts divided by the size of the mean; NaN where undefined. */
  private static LayerScaleMap dispersion(
      AttentionProfile profile, LayerStatistic statistic, double cell) {
    LayerStatistics table = LayerStatistics.of(profile);
    double[][] values =
        LayerScale.table(
            table.layers(),
            table.scales(),
            (l, k) -> {
              Moments m = table.moments(statistic, l, k);
              double mean = Math.abs(m.mean());
              return m.n() > 1 && mean > 0 ? m.standardDeviation() / mean : Double.NaN;
            });
    LayerScaleMap.Builder map =
        LayerScaleMap.of(
                cell > 0 ? statistic.title() : "dispersion of " + statistic.cliName(), values)
            .scales(profile.geometry().schedule(), 0)
            .unit("standard deviation / mean");
    return (cell > 0
            ? map.cells(Math.min(26, 300.0 / table.scales()), Math.min(13, 300.0 / table.layers()))
            : map.numbers())
        .build();
  }

  /**
   * Returns the page of an atlas.
   *
   * @param provenance origin of the attention, by name
   */
  static String of(
      String model,
      AttentionAtlas.Summary summary,
      AttentionProfile profile,
      List<NamedFigure> figures,
      Map<String, String> provenance)
      throws IOException {
    List<String> found = new ArrayList<>();
    for (AttentionAtlas.Range r : summary.statistics()) {
      if (r.statistic().equals(LayerStatistic.ASI.cliName())
          || r.statistic().equals(LayerStatistic.CURRENT_RATIO.cliName())) {
        found.add(
            "%s reaches from %s to %s (%s)."
                .formatted(r.statistic(), r.least(), r.most(), r.unit()));
      }
    }
    if (summary.images() < 2) {
      found.add("A single image: nothing says how much this differs from image to image.");
    }
    ReportTable table =
        ReportTable.of("statistics", "Ranges over layers and scales", summary.statistics())
            .text("statistic", AttentionAtlas.Range::statistic)
            .text("least", AttentionAtlas.Range::least)
            .text("most", AttentionAtlas.Range::most)
            .text("unit", AttentionAtlas.Range::unit)
            .note("./scalekv list statistics says what each one is.")
            .build();
    Findings findings =
        new Findings(
            "What do the %d layers of %s attend to at %d scales? %d %s under the full cache, %d heads, %s query rows a map."
                .formatted(
                    summary.layers(),
                    model,
                    summary.scales(),
                    summary.images(),
                    summary.images() == 1 ? "image" : "images",
                    summary.heads(),
                    summary.querySamples()),
            found);
    StatisticsPage page =
        new StatisticsPage(model + ": atlas of the attention", findings, List.of(table));
    for (NamedFigure f : figures) {
      page.group(f.alt(), "", f);
    }
    if (profile.prompts().size() > 1) {
      List<LayerScaleMap> maps =
          Arrays.stream(LayerStatistic.values())
              .filter(
                  s ->
                      summary.statistics().stream()
                          .anyMatch(r -> r.statistic().equals(s.cliName())))
              .map(s -> dispersion(profile, s, 1))
              .toList();
      page.group(
          "Dispersion of the statistics by layer and scale",
          "Standard deviation over the images, divided by the mean.",
          new NamedFigure(
              "dispersion",
              "dispersion of every statistic",
              new FigureSheet(model + ": dispersion over images", "grey: undefined", 4, maps)));
    }
    return page.text(provenance);
  }

  private StatisticsPage(String title, Findings findings, List<ReportTable> tables) {
    page.put("title", title);
    page.put("findings", findings);
    page.put("tables", tables.stream().map(HtmlReport::table).toList());
    page.put("groups", groups);
  }

  private StatisticsPage group(String title, String note, NamedFigure... figures)
      throws IOException {
    groups.add(
        Map.of(
            "title", title, "note", note, "figures", HtmlReport.vectors(Arrays.asList(figures))));
    return this;
  }

  private String text(Map<String, String> provenance) throws IOException {
    page.put(
        "terms",
        provenance.entrySet().stream()
            .filter(e -> !e.getValue().isEmpty())
            .map(e -> Map.of("term", e.getKey(), "text", e.getValue()))
            .toList());
    return HtmlReport.page("statistics", page);
  }
}
