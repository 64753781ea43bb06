package io.scalekv.profile;

import io.scalekv.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Features as tidy tables, one value a line. Layers, scales and prompts count from 0; what is
 * undefined has no line, and a spread over a single prompt reads {@code n/a}.
 */
public final class FeatureCsv {
  /** Level of the intervals. */
  public static final double LEVEL = 0.95;

  private static final String NONE = "n/a";

  private FeatureCsv() {}

  /**
   * {@code layer,scale,feature,unit,value,mean,variance,low,high,n}: the feature over all prompts
   * as roles are told by, then the mean and variance of the single prompts' values and Student's 95
   * % interval of that mean. The two differ for the indices of selectivity alone, which multiply
   * means.
   */
  public static void writeFeatures(FeatureTable table, Path file) throws IOException {
    StringBuilder text =
        new StringBuilder("layer,scale,feature,unit,value,mean,variance,low,high,n\n");
    for (LayerMetric feature : LayerMetric.values()) {
      double[][] value = table.value(feature);
      for (int l = 0; l < table.layers(); l++) {
        for (int k = 0; k < table.scales(); k++) {
          Moments m = table.moments(feature, l, k);
          if (m.n() > 0) {
            double margin = m.margin(LEVEL);
            text.append(place(l, k, feature.cliName() + "," + feature.unit().label()))
                .append(value[l][k])
                .append(',')
                .append(m.mean())
                .append(',')
                .append(spread(m, m.variance()))
                .append(',')
                .append(spread(m, m.mean() - margin))
                .append(',')
                .append(spread(m, m.mean() + margin))
                .append(',')
                .append(m.n())
                .append('\n');
          }
        }
      }
    }
    write(text, file);
  }

  /** {@code prompt,layer,scale,feature,value}: every single value. */
  public static void writePrompts(FeatureTable table, Path file) throws IOException {
    StringBuilder text = new StringBuilder("prompt,layer,scale,feature,value\n");
    for (LayerMetric feature : LayerMetric.values()) {
      double[][][] values = table.perPrompt(feature);
      for (int p = 0; p < values.length; p++) {
        for (int l = 0; l < table.layers(); l++) {
          for (int k = 0; k < table.scales(); k++) {
            if (!Double.isNaN(values[p][l][k])) {
              text.append(p)
                  .append(',')
                  .append(place(l, k, feature.cliName()))
                  .append(values[p][l][k])
                  .append('\n');
            }
          }
        }
      }
    }
    write(text, file);
  }

  /**
   * {@code branch,layer,scale,source,mean,variance,n}: share of the attention of map {@code scale}
   * that the keys of map {@code source} get, over heads and prompts.
   */
  public static void writeSourceMass(AttentionProfile profile, Path file) throws IOException {
    StringBuilder text = new StringBuilder("branch,layer,scale,source,mean,variance,n\n");
    for (Branch branch : Branch.values()) {
      for (int l = 0; l < profile.geometry().layers(); l++) {
        for (int k = 0; k < profile.geometry().scales(); k++) {
          for (int source = 0; source <= k; source++) {
            Moments m = profile.sourceMass(branch, l, k, source);
            if (m.n() > 0) {
              text.append(branch.label())
                  .append(',')
                  .append(place(l, k, String.valueOf(source)))
                  .append(m.mean())
                  .append(',')
                  .append(spread(m, m.variance()))
                  .append(',')
                  .append(m.n())
                  .append('\n');
            }
          }
        }
      }
    }
    write(text, file);
  }

  private static String place(int layer, int scale, String what) {
    return String.format(Locale.ROOT, "%d,%d,%s,", layer, scale, what);
  }

  private static String spread(Moments m, double value) {
    return m.n() > 1 ? String.valueOf(value) : NONE;
  }

  private static void write(StringBuilder text, Path file) throws IOException {
    AtomicFile.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
