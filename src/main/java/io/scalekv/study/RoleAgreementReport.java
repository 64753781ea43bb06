package io.scalekv.study;

import io.scalekv.cache.TokenMap;
import io.scalekv.io.AtomicFile;
import io.scalekv.report.Columns;
import io.scalekv.report.DifferenceMap;
import io.scalekv.report.Figure;
import io.scalekv.report.FigureFile;
import io.scalekv.report.ReportTable;
import io.scalekv.study.RoleAgreement.OfOrders;
import io.scalekv.study.RoleAgreement.OfScales;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import tech.tablesaw.api.Table;

/**
 * Writes how two sources of roles, budgets or orders agree: {@code agreement.md} and {@code .csv}
 * by scale, {@code pairs.csv} with one row per layer and scale, {@code budgets.png} and {@code
 * .svg}; {@code z} likewise where both have z-scores; {@code orders} likewise with {@code
 * orders.csv} where both have orders.
 */
public final class RoleAgreementReport {
  private final RoleAgreement agreement;
  private final RoleSource a;
  private final RoleSource b;
  private final Path folder;
  private final List<Path> files = new ArrayList<>();

  private RoleAgreementReport(RoleAgreement agreement, Path folder) {
    this.agreement = agreement;
    this.a = agreement.a();
    this.b = agreement.b();
    this.folder = folder;
  }

  /**
   * Writes everything.
   *
   * @return the files, in a fixed order
   */
  public static List<Path> write(RoleAgreement agreement, Path folder) throws IOException {
    return new RoleAgreementReport(agreement, folder).write();
  }

  private List<Path> write() throws IOException {
    table().write(folder);
    files.add(folder.resolve("agreement.md"));
    files.add(folder.resolve("agreement.csv"));
    csv("pairs", pairs());
    if (!agreement.scales().isEmpty()) {
      draw("budgets", budgets());
    }
    if (a.z() != null && b.z() != null && !agreement.scales().isEmpty()) {
      draw("z", zScores());
    }
    if (!agreement.orders().isEmpty()) {
      csv("orders", orderTable());
      draw("orders", orders());
    }
    return List.copyOf(files);
  }

  private void csv(String name, Table table) throws IOException {
    Path file = folder.resolve(name + ".csv");
    AtomicFile.write(file, ReportTable.csv(table).getBytes(StandardCharsets.UTF_8));
    files.add(file);
  }

  private void draw(String name, Figure figure) throws IOException {
    FigureFile.png(figure, folder.resolve(name + ".png"));
    FigureFile.svg(figure, folder.resolve(name + ".svg"));
    files.add(folder.resolve(name + ".png"));
    files.add(folder.resolve(name + ".svg"));
  }

  private ReportTable table() {
    List<OfScales> rows = new ArrayList<>(agreement.scales());
    rows.add(agreement.all());
    boolean roles = a.roles() != null && b.roles() != null;
    Function<OfScales, String> scale = r -> r.scale() < 0 ? "all" : String.valueOf(r.scale());
    Function<OfScales, Integer> inA = r -> roles ? Integer.valueOf(r.draftersA()) : null;
    Function<OfScales, Integer> inB = r -> roles ? Integer.valueOf(r.draftersB()) : null;
    Table numbers =
        Table.create(
            Columns.texts("scale", rows.stream().map(scale).toList()),
            Columns.numbers("drafters_a", rows.stream().map(inA).toList()),
            Columns.numbers("drafters_b", rows.stream().map(inB).toList()),
            column("jaccard", rows, OfScales::jaccard),
            column("adjusted_rand", rows, OfScales::adjustedRand),
            column("z_spearman", rows, OfScales::zSpearman),
            column("tokens_spearman", rows, OfScales::tokensSpearman),
            column("common_tokens", rows, OfScales::commonTokens));
    Table shown =
        Table.create(
            Columns.texts("scale", rows.stream().map(scale).toList()),
            Columns.texts(
                "drafters",
                rows.stream()
                    .map(r -> roles ? r.draftersA() + " and " + r.draftersB() : null)
                    .toList()),
            words("Jaccard", rows, OfScales::jaccard),
            words("adjusted Rand", rows, OfScales::adjustedRand),
            words("Spearman of z", rows, OfScales::zSpearman),
            words("Spearman of tokens", rows, OfScales::tokensSpearman),
            words("common tokens", rows, OfScales::commonTokens));
    List<String> notes = new ArrayList<>();
    notes.add("A: " + a.name() + ", " + a.budget() + " tokens a layer and head.");
    notes.add("B: " + b.name() + ", " + b.budget() + " tokens a layer and head.");
    notes.add(
        "Scales count from 0; those at which either reads a cut cache. Jaccard and adjusted Rand"
            + " index of drafters and refiners; Spearman over layers, tokens against the mean of"
            + " their scale; common tokens: the share that both give to the same layers. n/a: one"
            + " of the two does not say it, or one is constant.");
    for (OfOrders o : agreement.orders()) {
      notes.add(words(o));
    }
    return new ReportTable(
        "agreement", "Two sources of roles for " + a.model().name(), numbers, shown, notes);
  }

  /** One line on the orders of a source map. */
  public static String words(OfOrders o) {
    return String.format(
        Locale.ROOT,
        "orders of map %d: Spearman %s, Kendall %s, %s of the first half in common",
        o.map(),
        shown(o.spearman()),
        shown(o.kendall()),
        Double.isNaN(o.firstHalf())
            ? Columns.NONE
            : String.format(Locale.ROOT, "%.0f %%", 100 * o.firstHalf()));
  }

  private static String shown(double value) {
    return Double.isNaN(value) ? Columns.NONE : String.format(Locale.ROOT, "%.3f", value);
  }

  private static tech.tablesaw.api.DoubleColumn column(
      String name, List<OfScales> rows, ToDoubleFunction<OfScales> value) {
    return Columns.numbers(name, rows.stream().map(r -> value.applyAsDouble(r)).toList());
  }

  private static tech.tablesaw.api.StringColumn words(
      String name, List<OfScales> rows, ToDoubleFunction<OfScales> value) {
    return Columns.texts(name, rows.stream().map(r -> shown(value.applyAsDouble(r))).toList());
  }

  /** One entry for each scale and layer, by scale. */
  private <T> List<T> each(Pairs<T> value) {
    List<T> all = new ArrayList<>();
    for (OfScales s : agreement.scales()) {
      for (int l = 0; l < a.model().layers(); l++) {
        all.add(value.of(l, s.scale()));
      }
    }
    return all;
  }

  private interface Pairs<T> {
    T of(int layer, int scale);
  }

  private Table pairs() {
    Table table =
        Table.create(
            Columns.numbers("layer", each((l, k) -> l)),
            Columns.numbers("scale", each((l, k) -> k)));
    for (int w = 0; w < 2; w++) {
      RoleSource source = w == 0 ? a : b;
      String end = w == 0 ? "_a" : "_b";
      double[][] shares = source.shares();
      table.addColumns(
          Columns.texts(
              "role" + end,
              each((l, k) -> source.roles() == null ? null : source.roles().role(l, k).word())),
          Columns.numbers(
              "z" + end, each((l, k) -> source.z() == null ? Double.NaN : source.z()[l][k])),
          Columns.numbers("tokens" + end, each((l, k) -> source.tokens()[k][l])),
          Columns.numbers("share" + end, each((l, k) -> shares[k][l])));
    }
    return table;
  }

  private Table orderTable() {
    double[][][] places = agreement.places();
    List<Integer> maps = new ArrayList<>();
    List<Integer> layers = new ArrayList<>();
    List<Double> inA = new ArrayList<>();
    List<Double> inB = new ArrayList<>();
    for (int i = 0; i < places.length; i++) {
      for (int l = 0; l < places[i].length; l++) {
        maps.add(agreement.orders().get(i).map());
        layers.add(l);
        inA.add(places[i][l][0]);
        inB.add(places[i][l][1]);
      }
    }
    return Table.create(
        Columns.numbers("map", maps),
        Columns.numbers("layer", layers),
        Columns.numbers("place_a", inA),
        Columns.numbers("place_b", inB));
  }

  private Figure budgets() {
    double[][] x = a.shares();
    double[][] y = b.shares();
    return map(
        "Tokens by layer and scale",
        "tokens, A less B, in means of the scale",
        (l, k) -> x[k][l] - y[k][l]);
  }

  private Figure zScores() {
    return map("z-scores by layer and scale", "z, A less B", (l, k) -> a.z()[l][k] - b.z()[l][k]);
  }

  private Figure map(String title, String unit, Pairs<Double> value) {
    int layers = a.model().layers();
    int columns = agreement.scales().size();
    double[][] values = new double[layers][columns];
    String[][] marks = new String[layers][columns];
    for (int l = 0; l < layers; l++) {
      for (int c = 0; c < columns; c++) {
        int k = agreement.scales().get(c).scale();
        values[l][c] = value.of(l, k);
        boolean inA = a.roles() != null && a.roles().isDrafter(l, k);
        boolean inB = b.roles() != null && b.roles().isDrafter(l, k);
        marks[l][c] = (inA ? "A" : "") + (inB ? "B" : "");
      }
    }
    List<String> names = agreement.scales().stream().map(s -> column(s.scale())).toList();
    String outlined = "outlined: drafter in A, in B or in both";
    return new DifferenceMap(
        new DifferenceMap.Words(
            a.model().name() + ": " + title,
            List.of("A " + a.name() + "  ·  B " + b.name(), outlined),
            names,
            "scale that reads a cut cache (its token map)",
            unit),
        values,
        marks);
  }

  private String column(int scale) {
    TokenMap map = a.model().schedule().get(scale);
    return scale + " (" + map.height() + "×" + map.width() + ")";
  }

  private Figure orders() {
    double[][][] places = agreement.places();
    int layers = a.model().layers();
    double[][] values = new double[layers][places.length];
    String[][] marks = new String[layers][places.length];
    for (int l = 0; l < layers; l++) {
      for (int i = 0; i < places.length; i++) {
        values[l][i] = places[i][l][0] - places[i][l][1];
        marks[l][i] = "";
      }
    }
    return new DifferenceMap(
        new DifferenceMap.Words(
            a.model().name() + ": Orders by layer and source map",
            List.of(
                "A " + a.name() + "  ·  B " + b.name(),
                "mean over the heads of a layer; 0 leaves first, 1 last"),
            IntStream.range(0, places.length)
                .mapToObj(i -> column(agreement.orders().get(i).map()))
                .toList(),
            "source map",
            "place, A less B"),
        values,
        marks);
  }
}
