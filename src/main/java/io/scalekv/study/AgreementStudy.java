package io.scalekv.study;

import io.scalekv.io.Require;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.Palette;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.LayerScale;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.ToDoubleBiFunction;

/**
 * Study of the agreement of two sources of roles or budgets of one model, such as a calibration of
 * ours and a budget file released with ScaleKV or orders of HeatKV.
 */
final class AgreementStudy {
  private static final double LEAST_SHOWN = 0.005;

  private AgreementStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    Require.that(request.inputs().size() == 2, "agreement reads two files");
    RoleAgreement r = RoleAgreement.read(request.inputs(), RoleSource.Origin.FILES);
    List<NamedFigure> figures = new ArrayList<>();
    if (!r.scales().isEmpty()) {
      double[][] x = r.a().shares();
      double[][] y = r.b().shares();
      figures.add(
          map("budgets", r, "tokens", "A − B, in means of the scale", (l, k) -> x[k][l] - y[k][l]));
      if (r.a().z() != null && r.b().z() != null) {
        figures.add(
            map("z", r, "z-scores", "z, A − B", (l, k) -> r.a().z()[l][k] - r.b().z()[l][k]));
      }
    }
    return new Answer(List.of(r.table(), pairs(r)), figures);
  }

  private static ReportTable pairs(RoleAgreement r) {
    List<LayerScale> pairs = new ArrayList<>();
    for (RoleAgreement.OfScales s : r.scales()) {
      for (int l = 0; l < r.a().model().layers(); l++) {
        pairs.add(new LayerScale(l, s.scale() - 1));
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

  /** Returns a heat map of a difference with the drafters of either source outlined. */
  private static NamedFigure map(
      String name,
      RoleAgreement r,
      String what,
      String unit,
      ToDoubleBiFunction<Integer, Integer> value) {
    int layers = r.a().model().layers();
    int columns = r.scales().size();
    double[][] values =
        LayerScale.table(layers, columns, (l, c) -> value.applyAsDouble(l, r.firstScale() + c));
    double most =
        Arrays.stream(values)
            .flatMapToDouble(Arrays::stream)
            .filter(v -> !Double.isNaN(v))
            .map(Math::abs)
            .max()
            .orElse(0);
    BiFunction<Integer, Integer, String> drafters =
        (l, c) ->
            drafter(r.a(), l, r.firstScale() + c, "A") + drafter(r.b(), l, r.firstScale() + c, "B");
    double end = most == 0 ? 1 : most;
    String title = r.a().model().name() + ": " + what + " of two sources";
    return new NamedFigure(
        name,
        title,
        LayerScaleMap.of(title, values)
            .colours(Palette.DIVERGING, -end, end)
            .unit(unit)
            .texts((l, c) -> (drafters.apply(l, c) + " " + signed(values[l][c])).strip())
            .outlined((l, c) -> !drafters.apply(l, c).isEmpty())
            .notes(
                "A " + r.a().name(), "B " + r.b().name(), "outlined: drafter in A, in B or in both")
            .scales(r.a().model().schedule(), r.firstScale())
            .build());
  }

  /** Returns the name of a source where it has a drafter. */
  private static String drafter(RoleSource s, int layer, int scale, String name) {
    return s.roles() != null && s.roles().isDrafter(layer, scale) ? name : "";
  }

  private static String signed(double v) {
    return Math.abs(v) < LEAST_SHOWN
        ? ""
        : String.format(Locale.ROOT, "%+.2f", v).replace('-', '−');
  }
}
