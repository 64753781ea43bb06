package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Pixels and labels of the heat map. */
final class LayerScaleMapTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 4, 6);
  private static final double[][] VALUES = {
    {Double.NaN, -2, 0, 2},
    {Double.NaN, 1, 4, -4}
  };

  private static LayerScaleMap.Builder map() {
    return LayerScaleMap.of("model: statistic", VALUES)
        .notes("first note", "second note")
        .scales(SCHEDULE, 0)
        .colours(Palette.DIVERGING, -2, 2)
        .unit("z");
  }

  /** Colour near the lower right corner of a cell, inside of any outline. */
  private static Color at(LayerScaleMap map, BufferedImage image, int row, int column) {
    Rectangle2D cell = map.cell(row, column);
    return new Color(image.getRGB((int) cell.getMaxX() - 7, (int) cell.getMaxY() - 7));
  }

  @Test
  void cellsHaveTheColoursOfTheirValues() {
    LayerScaleMap map = map().build();
    BufferedImage image = map.image();
    for (int l = 0; l < 2; l++) {
      for (int k = 1; k < 4; k++) {
        assertEquals(
            Palette.DIVERGING.of((VALUES[l][k] + 2) / 4), at(map, image, l, k), l + "@" + k);
      }
      assertEquals(new Color(0xE4E4E4), at(map, image, l, 0), "undefined");
    }
  }

  @Test
  void layerZeroIsAtTheBottomUnlessRowsBeginAtTheTop() {
    LayerScaleMap layers = map().build();
    assertTrue(layers.cell(0, 0).getY() > layers.cell(1, 0).getY());
    LayerScaleMap queries = map().rows("query", 1, true).build();
    assertTrue(queries.cell(0, 0).getY() < queries.cell(1, 0).getY());
  }

  @Test
  void outlinedCellsHaveABlackFrame() {
    boolean[][] outlined = {{false, true, false, false}, {false, false, false, false}};
    LayerScaleMap map = map().outlined((r, c) -> outlined[r][c]).build();
    BufferedImage image = map.image();
    Rectangle2D cell = map.cell(0, 1);
    int y = (int) cell.getCenterY();
    assertTrue((image.getRGB((int) cell.getX() + 1, y) & 0xff) < 60);
    assertTrue((image.getRGB((int) map.cell(1, 1).getX() + 1, y - 26) & 0xff) > 90);
  }

  @Test
  void scalesCountFromOneWithTheirMap() throws Exception {
    String svg = FigureFile.svg(map().build());
    for (String label : List.of("1 (1×1)", "2 (2×2)", "4 (6×6)", "first note", "second note")) {
      assertTrue(svg.contains(">" + label + "<"), label);
    }
    assertTrue(svg.contains(">≥ 2<"), "values above the range");
    assertTrue(svg.contains(">≤ −2<"), "values below the range");
    double[][] part = {{1, 2}, {3, 4}};
    String later = FigureFile.svg(LayerScaleMap.of("t", part).scales(SCHEDULE, 2).build());
    assertTrue(later.contains(">3 (4×4)<") && later.contains(">4 (6×6)<"));
    assertFalse(later.contains("≥"));
  }

  @Test
  void textsStandInTheirCells() throws Exception {
    String[][] texts = {{null, "−2.00", "0", "2"}, {null, "1", "D", null}};
    String svg = FigureFile.svg(map().texts((r, c) -> texts[r][c]).build());
    assertTrue(svg.contains(">D<") && svg.contains(">−2.00<"));
    assertThrows(IllegalArgumentException.class, () -> LayerScaleMap.of("t", new double[0][0]));
  }

  /** One of many: labels that do not fit are written upright, and many cells become an image. */
  @Test
  void smallMapsAndImages() {
    LayerScaleMap small = map().cells(20, 10).build();
    assertEquals(20, small.cell(0, 1).getX() - small.cell(0, 0).getX(), 1e-9);
    assertTrue(small.image().getWidth() < 400);
    double[][] many = new double[100][100];
    for (int r = 0; r < 100; r++) {
      for (int c = 0; c < 100; c++) {
        many[r][c] = r;
      }
    }
    LayerScaleMap image =
        LayerScaleMap.of("queries by keys", many).rows("query", 1, true).cells(3, 3).build();
    BufferedImage pixels = image.image();
    Rectangle2D first = image.cell(1, 50);
    Rectangle2D last = image.cell(98, 50);
    assertEquals(
        Palette.SEQUENTIAL.of(1 / 99.0),
        new Color(pixels.getRGB((int) first.getX() + 1, (int) first.getY() + 1)));
    assertEquals(
        Palette.SEQUENTIAL.of(98 / 99.0),
        new Color(pixels.getRGB((int) last.getX() + 1, (int) last.getY() + 1)));
  }

  @Test
  void aSheetHoldsItsFigures() {
    LayerScaleMap map = map().cells(20, 10).build();
    FigureSheet sheet = new FigureSheet("title", "note", 2, List.of(map, map, map));
    assertTrue(sheet.width() >= 2 * map.width());
    assertTrue(sheet.height() >= 2 * map.height());
    BufferedImage image = sheet.image();
    Set<Integer> colours = new HashSet<>();
    for (int x = 0; x < image.getWidth(); x++) {
      colours.add(
          image.getRGB(x, image.getHeight() - map.height() + (int) map.cell(1, 0).getCenterY()));
    }
    assertTrue(colours.contains(Palette.DIVERGING.of(0.75).getRGB()), "third figure, layer 1");
  }

  @Test
  void theDivergingPaletteIsCentredAndMonotone() {
    Palette p = Palette.DIVERGING;
    assertEquals(Color.WHITE, p.of(0.5));
    assertEquals(p.of(1), p.of(7));
    assertEquals(p.of(0), p.of(-7));
    Set<Color> seen = new HashSet<>();
    for (int i = 1; i <= 50; i++) {
      Color low = p.of(0.5 - i / 100.0);
      Color high = p.of(0.5 + i / 100.0);
      assertTrue(low.getRed() < p.of(0.5 - (i - 1) / 100.0).getRed());
      assertTrue(high.getBlue() < p.of(0.5 + (i - 1) / 100.0).getBlue());
      seen.add(low);
      seen.add(high);
    }
    assertEquals(100, seen.size());
    assertNotEquals(Palette.ink(p.of(0)), Palette.ink(Color.WHITE));
  }
}
