package io.scalekv.profile;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A profile as a tidy table, one value a row: {@code branch,layer,head,scale,statistic,mean,std,n}.
 *
 * <p>Layers, heads and scales count from 0. {@code head} is a number, {@code all} for the mean over
 * heads, {@code averaged-row} for the statistic of the row averaged over the heads, or {@code
 * metric} for a {@link LayerMetric}. {@code statistic} is the label of a {@link HeadStatistic},
 * {@code source-mass-S} for the share of source scale S, or the command-line name of the metric.
 * {@code mean} is taken over prompts; a metric that multiplies means (ASI) multiplies the means
 * over all prompts, so it may differ a little from the mean of single prompts' metrics. {@code std}
 * is the standard deviation over prompts, {@code n/a} for a single prompt, {@code n} the number of
 * prompts that define the value. What no prompt defines has no row.
 */
public final class ProfileCsv {
  private static final String HEADER = "branch,layer,head,scale,statistic,mean,std,n";

  private ProfileCsv() {}

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
    for (LayerMetric metric : LayerMetric.values()) {
      metric(profile, metric, out);
    }
  }

  private static void statistics(
      AttentionProfile profile, Branch branch, int layer, int scale, Appendable out)
      throws IOException {
    int heads = profile.geometry().heads();
    for (int h = 0; h <= heads; h++) {
      String place = place(branch, layer, h < heads ? String.valueOf(h) : "averaged-row", scale);
      for (HeadStatistic s : HeadStatistic.values()) {
        row(out, place, s.label(), profile.moments(branch, s, layer, scale, h));
      }
      for (int source = 0; source <= scale; source++) {
        row(out, place, mass(source), profile.sourceMass(branch, layer, scale, h, source));
      }
    }
    String place = place(branch, layer, "all", scale);
    for (HeadStatistic s : HeadStatistic.values()) {
      row(out, place, s.label(), profile.moments(branch, s, layer, scale));
    }
    for (int source = 0; source <= scale; source++) {
      row(out, place, mass(source), profile.sourceMass(branch, layer, scale, source));
    }
  }

  private static void metric(AttentionProfile profile, LayerMetric metric, Appendable out)
      throws IOException {
    double[][] values = profile.metric(metric);
    Moments[][] spread = profile.metricMoments(metric);
    for (int l = 0; l < values.length; l++) {
      for (int k = 0; k < values[l].length; k++) {
        Moments m = spread[l][k];
        row(
            out,
            place(Branch.CONDITIONAL, l, "metric", k),
            metric.cliName(),
            new Moments(m.n(), values[l][k], m.variance()));
      }
    }
  }

  private static String place(Branch branch, int layer, String head, int scale) {
    return branch.label() + "," + layer + "," + head + "," + scale + ",";
  }

  private static String mass(int source) {
    return "source-mass-" + source;
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
