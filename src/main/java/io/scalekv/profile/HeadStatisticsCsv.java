package io.scalekv.profile;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Profile as a tidy table, one value a row: {@code
 * branch,layer,head,scale,map,statistic,mean,std,n}.
 *
 * <p>Layers and heads count from 0, scales from 1 with their map. {@code head} is a number, {@code
 * all} for the mean over heads, {@code averaged-row} for the statistic of the row averaged over the
 * heads, or {@code layer} for a {@link LayerStatistic}. {@code statistic} is the label of a {@link
 * HeadStatistic}, {@code source-mass-S} for the share of scale S, or the name of the layer
 * statistic. {@code mean} is taken over prompts; ASI multiplies the means over all prompts, so it
 * may differ a little from the mean of single prompts' values. {@code std} is the standard
 * deviation over prompts, {@code n/a} for a single prompt, {@code n} the number of prompts that
 * define the value. A value that no prompt defines has no row.
 */
public final class HeadStatisticsCsv {
  private static final String HEADER = "branch,layer,head,scale,map,statistic,mean,std,n";

  private HeadStatisticsCsv() {}

  /** Writes the table; an existing file is replaced at once, or not at all if writing fails. */
  public static void write(AttentionProfile profile, Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    write(profile, text);
    AtomicFile.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void write(AttentionProfile profile, Appendable out) throws IOException {
    out.append(HEADER).append('\n');
    for (Branch branch : Branch.values()) {
      for (int l = 0; l < profile.geometry().layers(); l++) {
        for (int k = 0; k < profile.geometry().scales(); k++) {
          statistics(profile, branch, l, k, out);
        }
      }
    }
    LayerStatistics table = LayerStatistics.of(profile);
    for (LayerStatistic statistic : LayerStatistic.values()) {
      layer(profile, table, statistic, out);
    }
  }

  private static void statistics(
      AttentionProfile profile, Branch branch, int layer, int scale, Appendable out)
      throws IOException {
    int heads = profile.geometry().heads();
    for (int h = 0; h <= heads; h++) {
      String place =
          place(profile, branch, layer, h < heads ? String.valueOf(h) : "averaged-row", scale);
      for (HeadStatistic s : HeadStatistic.values()) {
        row(out, place, s.label(), profile.moments(branch, s, layer, scale, h));
      }
      for (int source = 0; source <= scale; source++) {
        row(out, place, mass(source), profile.sourceMass(branch, layer, scale, h, source));
      }
    }
    String place = place(profile, branch, layer, "all", scale);
    for (HeadStatistic s : HeadStatistic.values()) {
      row(out, place, s.label(), profile.moments(branch, s, layer, scale));
    }
    for (int source = 0; source <= scale; source++) {
      row(out, place, mass(source), profile.sourceMass(branch, layer, scale, source));
    }
  }

  private static void layer(
      AttentionProfile profile, LayerStatistics table, LayerStatistic statistic, Appendable out)
      throws IOException {
    double[][] values = table.value(statistic);
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        Moments m = table.moments(statistic, l, k);
        row(
            out,
            place(profile, Branch.CONDITIONAL, l, "layer", k),
            statistic.cliName(),
            new Moments(m.n(), values[l][k], m.variance()));
      }
    }
  }

  private static String place(
      AttentionProfile profile, Branch branch, int layer, String head, int scale) {
    return "%s,%d,%s,%d,%s,"
        .formatted(
            branch.label(), layer, head, scale + 1, profile.geometry().schedule().map(scale));
  }

  private static String mass(int source) {
    return "source-mass-" + (source + 1);
  }

  private static void row(Appendable out, String place, String statistic, Moments m)
      throws IOException {
    if (m.n() > 0) {
      out.append(place)
          .append(statistic)
          .append(',')
          .append(String.valueOf(m.mean()))
          .append(',')
          .append(m.n() > 1 ? String.valueOf(m.standardDeviation()) : "n/a")
          .append(',')
          .append(String.valueOf(m.n()))
          .append('\n');
    }
  }
}
