package io.scalekv.report;

import io.scalekv.experiment.MapMeter;
import io.scalekv.experiment.PolicyImages.Outcome;
import io.scalekv.metrics.Psnr;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tables of the images that a command drew under several caches. */
public final class GenerationTables {
  private static final MetricColumn PSNR = MetricColumn.of(Psnr.METRIC, null);

  private GenerationTables() {}

  /** Returns memory and PSNR of all policies, then the cost of scales and the right answers. */
  public static List<ReportTable> of(List<Outcome> outcomes) {
    List<ReportTable> tables = new ArrayList<>();
    tables.add(
        ReportTable.of("generation", "", outcomes)
            .text("policy", Outcome::policy)
            .text("budget", Outcome::budget)
            .text("tokens", Outcome::budgetTokens)
            .mib("kvBytes", "KV MiB", Outcome::kvBytes)
            .mib("peakKvBytes", "peak MiB", Outcome::peakKvBytes)
            .text("% of full", o -> ReportTable.fixed(100.0 * o.peakKvBytes() / o.fullKvBytes(), 1))
            .text("PSNR dB", GenerationTables::psnr)
            .note(
                outcomes.stream().allMatch(o -> o.psnrDb() == null)
                    ? ""
                    : "PSNR against the full cache, mean over images [95 % interval]")
            .build());
    for (Outcome o : outcomes) {
      if (o.scales() != null) {
        String title = o.policy() + ": " + ReportTable.fixed(o.wallSeconds(), 2) + " s";
        tables.add(
            ReportTable.of("scales", title, o.scales())
                .text("scale", MapMeter.Cost::label)
                .text("tokens", MapMeter.Cost::tokens)
                .number("seconds", "seconds", 4, MapMeter.Cost::seconds)
                .number("cpuSeconds", "cpu s", 2, MapMeter.Cost::cpuSeconds)
                .mib("kvBytes", "KV MiB", MapMeter.Cost::kvBytes)
                .text("peak RSS MiB", MapMeter.Cost::peakRssMiB)
                .number("gflop", "GFLOP", 2, MapMeter.Cost::gflop)
                .build());
      }
      if (o.faithfulness() != null) {
        tables.add(
            ReportTable.of("answers", "", List.copyOf(o.faithfulness().entrySet()))
                .text(o.policy() + ": right", Map.Entry::getKey)
                .text("%", e -> ReportTable.fixed(100 * e.getValue(), 1))
                .build());
      }
    }
    return tables;
  }

  /**
   * Returns the mean over images that differ with its interval, the count of those that do not, and
   * the value of all.
   */
  private static String psnr(Outcome o) {
    if (o.psnrDb() == null) {
      return null;
    }
    String mean = PSNR.show(o.psnrDb());
    return o.psnrDb().n() == 0 || o.psnrDb().infinite() == 0
        ? mean
        : mean + ", of mean MSE " + ReportTable.fixed(o.psnrOfMeanMseDb(), 2);
  }
}
