package io.scalekv.report;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Heat map of one number per layer and scale. Layer 0 is at the bottom, as layers are stacked;
 * scales count from 1 and are named with their token map. Undefined cells (NaN) are grey and
 * crossed out. Rows and columns can be other axes (heads, source scales, queries and keys).
 */
public final class LayerScaleMap implements Figure {
  private static final int MARGIN = 14;
  private static final int BAR_WIDTH = 14;
  private static final int BAR_STEPS = 96;
  private static final int LONGEST_BAR = 312;
  private static final int LEAST_WIDTH = 480;
  private static final double LEAST_TICK = 13;
  private static final double PALE = 0.7;
  private static final int MOST_RECTANGLES = 4096;
  private static final Color GRID = new Color(0xD4D4D4);
  private static final Color UNDEFINED = new Color(0xE4E4E4);

  /** Settings of a heat map. */
  public static final class Builder {
    private final String title;
    private final double[][] values;
    private List<String> notes = List.of();
    private List<String> columns;
    private String columnAxis = "scale (its token map)";
    private String rowAxis = "layer";
    private int firstRow;
    private boolean downwards;
    private Palette palette = Palette.SEQUENTIAL;
    private double low = Double.NaN;
    private double high = Double.NaN;
    private String unit = "";
    private BiFunction<Integer, Integer, String> texts = (row, column) -> null;
    private BiPredicate<Integer, Integer> outlined = (row, column) -> false;
    private IntPredicate faded = column -> false;
    private double cellWidth;
    private double cellHeight;
    private int split;

    private Builder(String title, double[][] values) {
      Require.that(values.length > 0 && values[0].length > 0, "a heat map must have cells");
      this.title = title;
      this.values = values;
      this.columns = IntStream.rangeClosed(1, values[0].length).mapToObj(String::valueOf).toList();
    }

    /** Sets the lines below the title. */
    public Builder notes(String... lines) {
      notes = List.of(lines);
      return this;
    }

    /** Names the columns by the scales of a schedule from {@code first}, 0-based, on. */
    public Builder scales(ScaleSchedule schedule, int first) {
      return columns(
          columnAxis,
          IntStream.range(first, first + values[0].length)
              .mapToObj(k -> scale(schedule.maps(), k))
              .toList());
    }

    /** Names the column axis and each column. */
    public Builder columns(String axis, List<String> names) {
      columnAxis = axis;
      columns = List.copyOf(names);
      return this;
    }

    /**
     * Names the row axis, which is that of layers otherwise.
     *
     * @param first number of the first row
     * @param fromTop whether the first row is at the top
     */
    public Builder rows(String axis, int first, boolean fromTop) {
      rowAxis = axis;
      firstRow = first;
      downwards = fromTop;
      return this;
    }

    /** Sets the colours and the values of their ends; without it they are the extreme values. */
    public Builder colours(Palette colours, double least, double most) {
      palette = colours;
      low = least;
      high = most;
      return this;
    }

    /** Names the quantity, next to the colour bar. */
    public Builder unit(String text) {
      unit = text;
      return this;
    }

    /** Sets the text in each cell by its row and column; null for none. */
    public Builder texts(BiFunction<Integer, Integer, String> cells) {
      texts = cells;
      return this;
    }

    /** Writes its number into each cell that is defined. */
    public Builder numbers() {
      return texts((r, c) -> Double.isNaN(values[r][c]) ? null : number(values[r][c]));
    }

    /** Sets the cells with a bold outline by their row and column. */
    public Builder outlined(BiPredicate<Integer, Integer> cells) {
      outlined = cells;
      return this;
    }

    /** Sets the columns that are drawn pale, as they take no part. */
    public Builder faded(IntPredicate some) {
      faded = some;
      return this;
    }

    /** Sets the size of a cell in nominal pixels, for one of many maps. */
    public Builder cells(double cellWide, double cellHigh) {
      cellWidth = cellWide;
      cellHeight = cellHigh;
      return this;
    }

    /** Draws a white line before a column. */
    public Builder split(int column) {
      split = column;
      return this;
    }

    /** Returns the heat map. */
    public LayerScaleMap build() {
      Brush.requireFonts();
      return new LayerScaleMap(this);
    }
  }

  private final Builder b;
  private final int rows;
  private final int columns;
  private final boolean small;
  private final double low;
  private final double high;
  private final boolean below;
  private final boolean above;
  private final double cellWidth;
  private final double cellHeight;
  private final Font font;
  private final double left;
  private final double top;
  private final boolean upright;
  private final double labels;

  private LayerScaleMap(Builder b) {
    this.b = b;
    rows = b.values.length;
    columns = b.values[0].length;
    small = b.cellWidth > 0;
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (double[] row : b.values) {
      for (double v : row) {
        if (!Double.isNaN(v)) {
          least = Math.min(least, v);
          most = Math.max(most, v);
        }
      }
    }
    low = Double.isNaN(b.low) ? least : b.low;
    high = Double.isNaN(b.high) ? most : b.high;
    below = least < low;
    above = most > high;
    font = Brush.plain(small ? 9.5 : 11);
    double widest = b.columns.stream().mapToDouble(c -> Brush.width(font, c)).max().orElse(0);
    cellHeight = small ? b.cellHeight : rows <= 16 ? 26 : rows <= 28 ? 20 : 17;
    cellWidth =
        small ? b.cellWidth : Math.max(Math.min(120, 330.0 / columns), Math.max(66, widest + 10));
    upright = !isImage() && widest > cellWidth - 2;
    labels = isImage() ? 4 : upright ? widest + 8 : 16;
    left = MARGIN + 22 + Brush.width(font, String.valueOf(rows + b.firstRow)) + 8;
    top = MARGIN + (small ? 12 : 16) + 17.0 * b.notes.size() + 10;
  }

  /** Begins a heat map of {@code values} [layer][scale]; NaN where undefined. */
  public static Builder of(String title, double[][] values) {
    return new Builder(title, values);
  }

  /** Returns the name of a 0-based scale with its token map, such as {@code 5 (8×8)}. */
  public static String scale(List<TokenMap> maps, int scale) {
    TokenMap map = maps.get(scale);
    return scale + 1 + " (" + map.height() + "×" + map.width() + ")";
  }

  private boolean isImage() {
    return rows * columns > MOST_RECTANGLES || b.columns.isEmpty();
  }

  private Font bold() {
    return Brush.bold(small ? 11.5 : 15);
  }

  @Override
  public int width() {
    double text = Brush.width(bold(), b.title);
    for (String note : b.notes) {
      text = Math.max(text, Brush.width(Brush.plain(12), note));
    }
    double all = left + columns * cellWidth + 12 + BAR_WIDTH + 62;
    return (int) Math.ceil(Math.max(Math.max(all, small ? 0 : LEAST_WIDTH), MARGIN + text + 8));
  }

  @Override
  public int height() {
    return (int) Math.ceil(top + bodyHeight() + labels + 22 + MARGIN);
  }

  private double bodyHeight() {
    return rows * cellHeight;
  }

  /** Returns the place of a cell in nominal pixels. */
  Rectangle2D cell(int row, int column) {
    int place = b.downwards ? row : rows - 1 - row;
    return new Rectangle2D.Double(
        left + column * cellWidth, top + place * cellHeight, cellWidth, cellHeight);
  }

  @Override
  public void paint(Graphics2D g) {
    Brush.clear(g, this);
    double y = MARGIN + (small ? 9 : 12);
    Brush.text(g, bold(), Brush.INK, b.title, small ? left : MARGIN, y, 0);
    for (String note : b.notes) {
      y += 17;
      Brush.text(g, Brush.plain(12), Brush.FAINT, note, MARGIN, y, 0);
    }
    if (isImage()) {
      Rectangle2D all = body();
      g.drawImage(
          pixels(),
          (int) all.getX(),
          (int) all.getY(),
          (int) all.getWidth(),
          (int) all.getHeight(),
          null);
    } else {
      cells(g);
    }
    if (b.split > 0) {
      double x = left + b.split * cellWidth;
      Brush.line(g, x, top, x, top + bodyHeight(), Color.WHITE, 1.4);
    }
    Brush.stroke(g, body(), Brush.FAINT, 1);
    axes(g);
    colourBar(g);
  }

  private Rectangle2D body() {
    return new Rectangle2D.Double(left, top, columns * cellWidth, bodyHeight());
  }

  private Color colour(int row, int column) {
    double value = b.values[row][column];
    if (Double.isNaN(value)) {
      return UNDEFINED;
    }
    Color full = b.palette.of(high > low ? (value - low) / (high - low) : 0.5);
    return b.faded.test(column) ? Palette.mix(full, Color.WHITE, PALE) : full;
  }

  private BufferedImage pixels() {
    BufferedImage image = new BufferedImage(columns, rows, BufferedImage.TYPE_INT_RGB);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        image.setRGB(c, b.downwards ? r : rows - 1 - r, colour(r, c).getRGB());
      }
    }
    return image;
  }

  private void cells(Graphics2D g) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        Rectangle2D box = cell(r, c);
        Brush.fill(g, box, colour(r, c));
        if (Double.isNaN(b.values[r][c]) && !small) {
          Brush.line(g, box.getX(), box.getMaxY(), box.getMaxX(), box.getY(), GRID, 1);
        }
        Brush.stroke(g, box, GRID, small ? 0.2 : 0.6);
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        Rectangle2D box = cell(r, c);
        boolean outlined = b.outlined.test(r, c);
        String text = b.texts.apply(r, c);
        if (outlined) {
          Brush.stroke(g, inset(box, 3.2), Color.WHITE, 1.2);
          Brush.stroke(g, inset(box, 1.4), Color.BLACK, 2.4);
        }
        if (text != null) {
          Font in = outlined ? Brush.bold(11) : font;
          Color ink = Palette.ink(colour(r, c));
          Brush.text(g, in, ink, text, box.getCenterX(), box.getCenterY() + 4, 0.5);
        }
      }
    }
  }

  private static Rectangle2D inset(Rectangle2D box, double by) {
    return new Rectangle2D.Double(
        box.getX() + by, box.getY() + by, box.getWidth() - 2 * by, box.getHeight() - 2 * by);
  }

  private void axes(Graphics2D g) {
    double bottom = top + bodyHeight();
    if (!isImage()) {
      int every = (int) Math.ceil(LEAST_TICK / cellWidth);
      for (int c = 0; c < columns; c += every) {
        double x = left + (c + 0.5) * cellWidth;
        if (upright) {
          double half = Brush.width(font, b.columns.get(c)) / 2;
          Brush.upright(g, font, b.columns.get(c), x + 4, bottom + 6 + half);
        } else {
          Brush.text(g, font, Brush.INK, b.columns.get(c), x, bottom + 14, 0.5);
        }
      }
      every = (int) Math.ceil(LEAST_TICK / cellHeight);
      for (int r = 0; r < rows; r += every) {
        double y = cell(r, 0).getCenterY() + 4;
        Brush.text(g, font, Brush.INK, String.valueOf(r + b.firstRow), left - 6, y, 1);
      }
    }
    Font axis = Brush.plain(small ? 10.5 : 12);
    double start = left + (columns * cellWidth - Brush.width(axis, b.columnAxis)) / 2;
    Brush.text(g, axis, Brush.INK, b.columnAxis, Math.max(MARGIN, start), bottom + labels + 16, 0);
    Brush.upright(g, axis, b.rowAxis, MARGIN + 8, top + bodyHeight() / 2);
  }

  private void colourBar(Graphics2D g) {
    double x = left + columns * cellWidth + 12;
    double bar = Math.min(bodyHeight(), LONGEST_BAR);
    double y = top + (bodyHeight() - bar) / 2;
    double step = bar / BAR_STEPS;
    for (int i = 0; i < BAR_STEPS; i++) {
      double overlap = i + 1 < BAR_STEPS ? 0.5 : 0;
      Brush.fill(
          g,
          new Rectangle2D.Double(x, y + i * step, BAR_WIDTH, step + overlap),
          b.palette.of(1 - (i + 0.5) / BAR_STEPS));
    }
    Brush.stroke(g, new Rectangle2D.Double(x, y, BAR_WIDTH, bar), Brush.FAINT, 0.8);
    int ticks = bar < 80 ? 2 : 4;
    for (int i = 0; high >= low && i <= ticks; i++) {
      double value = high + (low - high) * i / ticks;
      String beyond = i == 0 && above ? "≥ " : i == ticks && below ? "≤ " : "";
      double at = y + bar * i / ticks + 4;
      Brush.text(g, font, Brush.INK, beyond + number(value), x + BAR_WIDTH + 4, at, 0);
    }
    Font axis = Brush.plain(small ? 10.5 : 12);
    Brush.upright(g, axis, b.unit, x + BAR_WIDTH + 52, top + bodyHeight() / 2);
  }

  /** Returns a number with three or four digits, with a true minus sign. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    String format =
        value == Math.rint(value) || size >= 100
            ? "%.0f"
            : size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : size >= 0.001 ? "%.3f" : "%.0e";
    return String.format(Locale.ROOT, format, value).replace('-', '−');
  }
}
