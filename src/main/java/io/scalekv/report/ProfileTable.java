package io.scalekv.report;

import io.scalekv.io.Require;
import io.scalekv.profile.HeadStatistic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Statistics of the conditional branch in a {@code profile.csv}. */
public final class ProfileTable {
  private static final String HEADER = "branch,layer,head,scale,map,statistic,mean,std,n";
  private static final String SOURCE = "source-mass-";

  /** Line of the file. */
  private record Entry(int layer, String head, int scale, String statistic, double mean) {}

  private final List<Entry> entries;

  private ProfileTable(List<Entry> entries) {
    this.entries = entries;
  }

  /**
   * Reads a profile.
   *
   * @throws IllegalArgumentException naming file and line for any other file
   */
  public static ProfileTable read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    Require.that(
        !lines.isEmpty() && lines.get(0).equals(HEADER), "%s: line 1 must be %s", file, HEADER);
    List<Entry> entries = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      String[] c = lines.get(i).split(",", -1);
      try {
        if (c.length != 9) {
          throw new NumberFormatException("9 columns");
        }
        if (c[0].equals("conditional")) {
          entries.add(
              new Entry(
                  Integer.parseInt(c[1]),
                  c[2],
                  Integer.parseInt(c[3]) - 1,
                  c[5],
                  Double.parseDouble(c[6])));
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            file + ": line " + (i + 1) + " must be " + HEADER + ", got " + lines.get(i), e);
      }
    }
    return new ProfileTable(entries);
  }

  /** Returns the attention of single heads on the current map at the scales from..to−1. */
  double[] currentMass(int from, int to) {
    return entries.stream()
        .filter(e -> e.statistic().equals(HeadStatistic.CURRENT_MASS.label()))
        .filter(e -> Character.isDigit(e.head().charAt(0)))
        .filter(e -> e.scale() >= from && e.scale() < to)
        .mapToDouble(e -> Math.max(0, Math.min(1, e.mean())))
        .toArray();
  }

  /**
   * Returns a statistic of the conditional branch, [layer][scale]; NaN where the profile has none.
   *
   * @param head {@code all}, {@code averaged-row}, {@code layer} or a number
   */
  public double[][] values(String head, String statistic) {
    double[][] values = new double[layers()][scales()];
    for (double[] row : values) {
      Arrays.fill(row, Double.NaN);
    }
    for (Entry e : entries) {
      if (e.head().equals(head) && e.statistic().equals(statistic)) {
        values[e.layer()][e.scale()] = e.mean();
      }
    }
    return values;
  }

  /** Returns the names of the statistics of a head, in their order. */
  public Set<String> statistics(String head) {
    Set<String> names = new LinkedHashSet<>();
    for (Entry e : entries) {
      if (e.head().equals(head)) {
        names.add(e.statistic());
      }
    }
    return names;
  }

  /** Returns the number of scales K. */
  public int scales() {
    TreeSet<Integer> scales = new TreeSet<>();
    entries.forEach(e -> scales.add(e.scale()));
    return scales.isEmpty() ? 0 : scales.last() + 1;
  }

  /** Returns the number of layers. */
  public int layers() {
    return entries.stream().mapToInt(Entry::layer).max().orElse(-1) + 1;
  }

  /** Returns the mean share of a scale's attention on scale s, [layer][scale][s], or NaN. */
  public double[][][] sourceMass() {
    int scales = scales();
    double[][][] mass = new double[layers()][scales][scales];
    for (double[][] layer : mass) {
      for (double[] row : layer) {
        Arrays.fill(row, Double.NaN);
      }
    }
    for (Entry e : entries) {
      if (e.head().equals("all") && e.statistic().startsWith(SOURCE)) {
        int source = Integer.parseInt(e.statistic().substring(SOURCE.length())) - 1;
        if (source < scales) {
          mass[e.layer()][e.scale()][source] = e.mean();
        }
      }
    }
    return mass;
  }

  /** Returns the density of attention on the current map, small scales against large ones. */
  Figure density(String title) {
    int middle = (scales() + 1) / 2;
    return CurrentMassDensity.of(
        title, middle, scales(), currentMass(1, middle), currentMass(middle, scales()));
  }
}
