package io.scalekv.report;

import java.awt.Color;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.Styler;

/** How all line charts look: legend outside the data, pale grid, the fonts of {@link Fonts}. */
final class ChartStyle {
  private static final Color GRID = new Color(0xdddddd);

  private ChartStyle() {}

  static void apply(XYChart chart) {
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setLegendBorderColor(Color.WHITE);
    chart.getStyler().setLegendFont(Fonts.plain(11));
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setChartTitleFont(Fonts.bold(13));
    chart.getStyler().setChartPadding(12);
    chart.getStyler().setBaseFont(Fonts.plain(12));
    chart.getStyler().setLocale(Locale.ROOT);
    chart.getStyler().setMarkerSize(7);
    chart.getStyler().setPlotGridLinesColor(GRID);
    chart.getStyler().setPlotBorderColor(GRID);
    chart.getStyler().setAxisTitleFont(Fonts.plain(12));
    chart.getStyler().setAxisTickLabelsFont(Fonts.plain(11));
  }
}
