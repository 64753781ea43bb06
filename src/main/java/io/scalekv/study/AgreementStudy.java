package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.Palette;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.LayerScale;
import io.scalekv.study.RoleAgreement.OfOrders;
import io.scalekv.study.RoleAgreement.OfScales;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleBiFunction;

/**
 * Study of the agreement of two sources of roles, budgets or orders of one model, such as a
 * calibration of ours and a budget file released with ScaleKV or orders of HeatKV.
 */
final class AgreementStudy implements Study {
  private static final double LEAST_SHOWN = 0.005;

  /**
   * Result for programs; null where a source has no such values.
   *
   * @param firstCutScale first scale at which either reads a compressed cache, from 1
   */
  record Result(
      String a,
      String b,
      int firstCutScale,
      Integer draftersA,
      Integer draftersB,
      Double jaccard,
      Double adjustedRand,
      Double zSpearman,
      Double tokensSpearman,
      Double commonTokens,
      List<Orders> orders) {}

  /** Two orders of one source map, counted from 1. */
  record Orders(int scale, Double spearman, Double kendall, Double firstHalf) {}

  @Override
  public String name() {
    return "agreement";
  }

  @Override
  public String question() {
    return "How far do two sources of roles, budgets or orders agree on a model's layers?";
  }

  @Override
  public String inputs() {
    return "two files: roles.json, and another, a ScaleKV budget file or HeatKV orders";
  }

  @Override
  public Answer answer(Request request) throws IOException {
    Require.that(request.inputs().size() == 2, "agreement reads two files");
    RoleAgreement r = RoleAgreement.read(request.inputs().get(0), request.inputs().get(1));
    boolean roles = r.a().roles() != null && r.b().roles() != null;
    OfScales all = r.all();
    Result result =
        new Result(
            r.a().name(),
            r.b().name(),
            r.firstScale() + 1,
            roles ? all.draftersA() : null,
            roles ? all.draftersB() : null,
            orNull(all.jaccard()),
            orNull(all.adjustedRand()),
            orNull(all.zSpearman()),
            orNull(all.tokensSpearman()),
            orNull(all.commonTokens()),
            r.orders().stream()
                .map(
                    o ->
                        new Orders(
                            o.map() + 1,
                            orNull(o.spearman()),
                            orNull(o.kendall()),
                            orNull(o.firstHalf())))
                .toList());
    Path out = request.out();
    ReportTable table = table(r);
    List<Path> files = new ArrayList<>(table.write(out));
    files.add(pairs(r).writeCsv(out));
    files.add(Study.writeJson(out, "agreement", result));
    if (!r.scales().isEmpty()) {
      double[][] x = r.a().shares();
      double[][] y = r.b().shares();
      files.addAll(
          map(r, "tokens", "A − B, in means of the scale", (l, k) -> x[k][l] - y[k][l])
              .write(out, "budgets"));
      if (r.a().z() != null && r.b().z() != null) {
        files.addAll(
            map(r, "z-scores", "z, A − B", (l, k) -> r.a().z()[l][k] - r.b().z()[l][k])
                .write(out, "z"));
      }
    }
    if (!r.orders().isEmpty()) {
      files.addAll(orders(r).write(out, "orders"));
    }
    return new Answer(result, List.of(table), files);
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static String shown(double value) {
    return Double.isNaN(value) ? ReportTable.NONE : ReportTable.fixed(value, 3);
  }

  private static String words(RoleAgreement r, OfOrders o) {
    return String.format(
        Locale.ROOT,
        "orders of source scale %s: Spearman %s, Kendall %s, share of the first half in common %s",
        LayerScaleMap.scale(r.a().model().schedule().maps(), o.map()),
        shown(o.spearman()),
        shown(o.kendall()),
        shown(o.firstHalf()));
  }

  private static ReportTable table(RoleAgreement r) {
    List<OfScales> rows = new ArrayList<>(r.scales());
    rows.add(r.all());
    boolean roles = r.a().roles() != null && r.b().roles() != null;
    ReportTable.Builder<OfScales> table =
        ReportTable.of("agreement", "Two sources of roles for " + r.a().model().name(), rows)
            .data("scale", s -> s.scale() < 0 ? "all" : String.valueOf(s.scale() + 1))
            .text(
                "scale",
                s ->
                    s.scale() < 0
                        ? "all"
                        : LayerScaleMap.scale(r.a().model().schedule().maps(), s.scale()))
            .both("draftersA", "drafters of A", s -> roles ? s.draftersA() : null)
            .both("draftersB", "drafters of B", s -> roles ? s.draftersB() : null)
            .number("jaccard", "Jaccard", 3, OfScales::jaccard)
            .number("adjustedRand", "adjusted Rand", 3, OfScales::adjustedRand)
            .number("zSpearman", "Spearman of z", 3, OfScales::zSpearman)
            .number("tokensSpearman", "Spearman of tokens", 3, OfScales::tokensSpearman)
            .number("commonTokens", "common tokens", 3, OfScales::commonTokens)
            .note("A: " + r.a().name() + ", " + r.a().budget() + " tokens per layer and head.")
            .note("B: " + r.b().name() + ", " + r.b().budget() + " tokens per layer and head.")
            .note(
                "Scales at which either reads a compressed cache. Jaccard and adjusted Rand index"
                    + " of drafters and refiners; Spearman over layers, tokens against the mean of"
                    + " their scale; common tokens: the share that both give to the same layers."
                    + " n/a: a source has no such values, or they are constant.");
    r.orders().forEach(o -> table.note(words(r, o)));
    return table.build();
  }

  private static ReportTable pairs(RoleAgreement r) {
    List<LayerScale> pairs = new ArrayList<>();
    for (OfScales s : r.scales()) {
      for (int l = 0; l < r.a().model().layers(); l++) {
        pairs.add(new LayerScale(l, s.scale()));
      }
    }
    ReportTable.Builder<LayerScale> table =
        ReportTable.of("pairs", "Layers and scales", pairs)
            .data("layer", LayerScale::layer)
            .data("scale", p -> p.scale() + 1)
            .data("map", p -> r.a().model().schedule().map(p.scale()));
    for (RoleSource s : List.of(r.a(), r.b())) {
      String end = s.equals(r.a()) ? "A" : "B";
      double[][] shares = s.shares();
      table
          .data(
              "role" + end,
              p -> s.roles() == null ? null : s.roles().role(p.layer(), p.scale()).word())
          .data("z" + end, p -> s.z() == null ? null : s.z()[p.layer()][p.scale()])
          .data("tokens" + end, p -> s.tokens()[p.scale()][p.layer()])
          .data("share" + end, p -> shares[p.scale()][p.layer()]);
    }
    return table.build();
  }

  /** Heat map of a difference with the drafters of either source outlined. */
  private static LayerScaleMap map(
      RoleAgreement r, String what, String unit, ToDoubleBiFunction<Integer, Integer> value) {
    int layers = r.a().model().layers();
    int columns = r.scales().size();
    double[][] values = new double[layers][columns];
    boolean[][] outlined = new boolean[layers][columns];
    String[][] texts = new String[layers][columns];
    for (int l = 0; l < layers; l++) {
      for (int c = 0; c < columns; c++) {
        int k = r.scales().get(c).scale();
        values[l][c] = value.applyAsDouble(l, k);
        boolean inA = r.a().roles() != null && r.a().roles().isDrafter(l, k);
        boolean inB = r.b().roles() != null && r.b().roles().isDrafter(l, k);
        outlined[l][c] = inA || inB;
        String number = Math.abs(values[l][c]) < LEAST_SHOWN ? "" : signed(values[l][c]);
        texts[l][c] = ((inA ? "A" : "") + (inB ? "B" : "") + " " + number).strip();
      }
    }
    return difference(r, what, unit, values)
        .texts(texts)
        .outlined(outlined)
        .notes("A " + r.a().name(), "B " + r.b().name(), "outlined: drafter in A, in B or in both")
        .columns(
            "scale that reads a compressed cache (its token map)",
            r.scales().stream()
                .map(s -> LayerScaleMap.scale(r.a().model().schedule().maps(), s.scale()))
                .toList())
        .build();
  }

  private static LayerScaleMap.Builder difference(
      RoleAgreement r, String what, String unit, double[][] values) {
    double most = 0;
    for (double[] row : values) {
      for (double v : row) {
        most = Double.isNaN(v) ? most : Math.max(most, Math.abs(v));
      }
    }
    double end = most == 0 ? 1 : most;
    return LayerScaleMap.of(r.a().model().name() + ": " + what + " of two sources", values)
        .colours(Palette.DIVERGING, -end, end)
        .unit(unit);
  }

  private static String signed(double value) {
    return String.format(Locale.ROOT, "%+.2f", value).replace('-', '−');
  }

  private static LayerScaleMap orders(RoleAgreement r) {
    double[][][] places = r.places();
    double[][] values = new double[r.a().model().layers()][places.length];
    for (int l = 0; l < values.length; l++) {
      for (int i = 0; i < places.length; i++) {
        values[l][i] = places[i][l][0] - places[i][l][1];
      }
    }
    return difference(r, "eviction orders", "position, A − B", values)
        .notes(
            "A " + r.a().name(),
            "B " + r.b().name(),
            "mean over the heads of a layer; 0 is evicted first, 1 last")
        .columns(
            "source scale (its token map)",
            r.orders().stream()
                .map(o -> LayerScaleMap.scale(r.a().model().schedule().maps(), o.map()))
                .toList())
        .build();
  }
}
