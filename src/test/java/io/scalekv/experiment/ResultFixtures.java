package io.scalekv.experiment;

import io.scalekv.cache.CacheType;
import io.scalekv.io.Software;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.model.ModelChoice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs and results with made-up numbers. */
public final class ResultFixtures {
  private ResultFixtures() {}

  /** A run of a policy at a budget, 8 prompts with 2 seeds. */
  public static Run run(String policy, String budget, int tokens) {
    return new Run(
        Run.Kind.POLICY,
        new Run.Model("pocket", "sha256:" + "a".repeat(64), "fp32"),
        new Run.Generation(
            3,
            1,
            0.97,
            null,
            null,
            null,
            null,
            "",
            List.of("1x1", "2x2", "4x4", "6x6", "8x8", "12x12", "16x16"),
            1,
            8),
        new Run.Prompts("b".repeat(64), 8, 2, 0),
        new Run.Policy(policy, budget, tokens, null, null, CacheType.FP32, CacheType.FP32, null),
        null,
        null,
        List.of("psnr", "ssim", "lpips-proxy", "frechet", "bits"),
        new Run.Nets("vae_encoder", "sha256:" + "c".repeat(64), null, null, null, null),
        null);
  }

  /** A result of {@link #run} whose PSNR is {@code psnr} plus a little for every image. */
  public static RunResult result(String policy, String budget, int tokens, double psnr) {
    Run run = run(policy, budget, tokens);
    List<RunResult.Image> images = new ArrayList<>();
    double[] values = new double[run.prompts().count()];
    for (int p = 0; p < values.length; p++) {
      for (int s = 0; s < run.prompts().seeds(); s++) {
        double db = psnr + 0.25 * p + 0.125 * s;
        values[p] += db / run.prompts().seeds();
        images.add(
            RunResult.Image.of(
                p,
                s,
                false,
                Map.of(
                    "psnr",
                    db,
                    "ssim",
                    db / 40,
                    "lpips-proxy",
                    (40 - db) / 100,
                    "bits",
                    0.5 + db / 100,
                    "faithfulness.count",
                    1.0)));
      }
    }
    Map<String, Interval> metrics = new LinkedHashMap<>();
    metrics.put("psnr", Bootstrap.withSeed(0).mean(values));
    metrics.put("frechet", new Interval(1.5, Double.NaN, Double.NaN, 16, 0));
    return new RunResult(
        RunResult.SCHEMA_VERSION,
        run.id(),
        run,
        provenance(),
        new RunResult.Memory(
            tokens,
            (double) tokens,
            (double) tokens,
            1L << 20,
            1L << 20,
            1L << 21,
            1L << 20,
            10L << 20,
            100.0 * tokens / 265,
            CacheType.FP32,
            CacheType.FP32,
            2,
            8),
        null,
        metrics,
        List.of(1.0, 1.0, 1.0, 0.9, 0.8, 0.7, 0.6),
        List.of(),
        images,
        null);
  }

  /** An experiment whose rows are some results. */
  public static ExperimentFile file(List<RunResult> results) {
    return new ExperimentFile(
        ExperimentFile.SCHEMA_VERSION,
        "table",
        "Table",
        ExperimentSpec.Kind.FIDELITY,
        new ModelChoice("pocket", null, null),
        false,
        "name: table",
        "d".repeat(64),
        "scenes.txt",
        "b".repeat(64),
        "0123456789abcdef",
        results.stream()
            .map(
                r ->
                    new ExperimentFile.Row(
                        "rows", r.run().policy().name(), r.run().policy().name(), r.id()))
            .toList(),
        Map.of());
  }

  /** Where the made-up results come from. */
  public static RunResult.Provenance provenance() {
    return new RunResult.Provenance(
        "table",
        "d".repeat(64),
        "unknown",
        new Software("0", "17", "0", "2"),
        new Machine("Linux", "amd64", "unknown", 1, 1),
        "2025-01-01T00:00:00Z",
        1.5,
        1,
        100L);
  }
}
