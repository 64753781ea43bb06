package io.scalekv.profile;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Statistics as tidy tables, one value a line. Layers and prompts count from 0, scales from 1 with
 * their map. Undefined values have no line; a spread over a single prompt reads {@code n/a}.
 */
public final class StatisticsCsv {
  /** Level of the intervals. */
  public static final double LEVEL = 0.95;

  private static final String NONE = "n/a";

  private StatisticsCsv() {}

  /**
   * Writes {@code layer,scale,map,statistic,unit,value,mean,variance,low,high,n}: the statistic
   * over all prompts, the values that assign roles; then mean and variance of the single prompts'
   * values and Student's 95 % interval of that mean. The two differ only for the selectivity
   * indices, which multiply means.
   */
  public static void writeStatistics(AttentionProfile profile, Path file) throws IOException {
    LayerStatistics table = LayerStatistics.of(profile);
    StringBuilder text =
        new StringBuilder("layer,scale,map,statistic,unit,value,mean,variance,low,high,n\n");
    for (LayerStatistic statistic : LayerStatistic.values()) {
      double[][] value = table.value(statistic);
      for (int l = 0; l < table.layers(); l++) {
        for (int k = 0; k < table.scales(); k++) {
          Moments m = table.moments(statistic, l, k);
          double margin = m.margin(LEVEL);
          if (m.n() > 0) {
            line(
                text,
                place(profile, l, k),
                statistic.cliName(),
                statistic.unit().label(),
                value[l][k],
                m.mean(),
                spread(m, m.variance()),
                spread(m, m.mean() - margin),
                spread(m, m.mean() + margin),
                m.n());
          }
        }
      }
    }
    write(text, file);
  }

  /** Writes {@code prompt,layer,scale,map,statistic,value}: every single value. */
  public static void writePrompts(AttentionProfile profile, Path file) throws IOException {
    LayerStatistics table = LayerStatistics.of(profile);
    StringBuilder text = new StringBuilder("prompt,layer,scale,map,statistic,value\n");
    for (LayerStatistic statistic : LayerStatistic.values()) {
      double[][][] values = table.perPrompt(statistic);
      for (int p = 0; p < values.length; p++) {
        for (int l = 0; l < table.layers(); l++) {
          for (int k = 0; k < table.scales(); k++) {
            if (!Double.isNaN(values[p][l][k])) {
              line(text, p, place(profile, l, k), statistic.cliName(), values[p][l][k]);
            }
          }
        }
      }
    }
    write(text, file);
  }

  /**
   * Writes {@code branch,layer,scale,map,source,mean,variance,n}: share of the attention of a scale
   * that the keys of scale {@code source} receive, over heads and prompts.
   */
  public static void writeSourceMass(AttentionProfile profile, Path file) throws IOException {
    StringBuilder text = new StringBuilder("branch,layer,scale,map,source,mean,variance,n\n");
    for (Branch branch : Branch.values()) {
      for (int l = 0; l < profile.geometry().layers(); l++) {
        for (int k = 0; k < profile.geometry().scales(); k++) {
          for (int source = 0; source <= k; source++) {
            Moments m = profile.sourceMass(branch, l, k, source);
            if (m.n() > 0) {
              line(
                  text,
                  branch.label(),
                  place(profile, l, k),
                  source + 1,
                  m.mean(),
                  spread(m, m.variance()),
                  m.n());
            }
          }
        }
      }
    }
    write(text, file);
  }

  /**
   * Writes {@code branch,layer,head,scale,map,statistic,mean,std,n}, every head statistic and every
   * layer statistic. {@code head} is a number, {@code all} for the mean over heads, {@code
   * averaged-row} for the statistic of the row averaged over the heads, or {@code layer} for a
   * {@link LayerStatistic}. {@code statistic} is the label of a {@link HeadStatistic}, {@code
   * source-mass-S} for the share of scale S, or the name of the layer statistic. {@code mean} is
   * taken over prompts; ASI multiplies the means over all prompts, so it may differ a little from
   * the mean of single prompts' values. {@code std} is the standard deviation over prompts, {@code
   * n} the number of prompts that define the value.
   */
  public static void writeHeads(AttentionProfile profile, Path file) throws IOException {
    StringBuilder text = new StringBuilder("branch,layer,head,scale,map,statistic,mean,std,n\n");
    int heads = profile.geometry().heads();
    for (Branch branch : Branch.values()) {
      for (int l = 0; l < profile.geometry().layers(); l++) {
        for (int k = 0; k < profile.geometry().scales(); k++) {
          for (int h = 0; h <= heads + 1; h++) {
            head(text, profile, branch, l, k, h);
          }
        }
      }
    }
    LayerStatistics table = LayerStatistics.of(profile);
    for (LayerStatistic statistic : LayerStatistic.values()) {
      double[][] values = table.value(statistic);
      for (int l = 0; l < values.length; l++) {
        for (int k = 0; k < values[l].length; k++) {
          Moments m = table.moments(statistic, l, k);
          String row = place(profile, Branch.CONDITIONAL, l, "layer", k);
          head(text, row, statistic.cliName(), new Moments(m.n(), values[l][k], m.variance()));
        }
      }
    }
    write(text, file);
  }

  /** Appends head h; H is the row averaged over the heads, H + 1 the mean over the heads. */
  private static void head(
      StringBuilder text, AttentionProfile profile, Branch branch, int layer, int scale, int h) {
    int heads = profile.geometry().heads();
    boolean all = h > heads;
    String name = all ? "all" : h == heads ? "averaged-row" : String.valueOf(h);
    String row = place(profile, branch, layer, name, scale);
    for (HeadStatistic s : HeadStatistic.values()) {
      Moments m =
          all
              ? profile.moments(branch, s, layer, scale)
              : profile.moments(branch, s, layer, scale, h);
      head(text, row, s.label(), m);
    }
    for (int source = 0; source <= scale; source++) {
      Moments m =
          all
              ? profile.sourceMass(branch, layer, scale, source)
              : profile.sourceMass(branch, layer, scale, h, source);
      head(text, row, "source-mass-" + (source + 1), m);
    }
  }

  private static void head(StringBuilder text, String row, String statistic, Moments m) {
    if (m.n() > 0) {
      line(text, row, statistic, m.mean(), spread(m, m.standardDeviation()), m.n());
    }
  }

  private static String place(
      AttentionProfile profile, Branch branch, int layer, String head, int scale) {
    return "%s,%d,%s,%d,%s"
        .formatted(
            branch.label(), layer, head, scale + 1, profile.geometry().schedule().map(scale));
  }

  private static String place(AttentionProfile profile, int layer, int scale) {
    return layer + "," + (scale + 1) + "," + profile.geometry().schedule().map(scale);
  }

  private static void line(StringBuilder text, Object... values) {
    text.append(Arrays.stream(values).map(String::valueOf).collect(Collectors.joining(",")))
        .append('\n');
  }

  private static String spread(Moments m, double value) {
    return m.n() > 1 ? String.valueOf(value) : NONE;
  }

  private static void write(StringBuilder text, Path file) throws IOException {
    AtomicFile.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
