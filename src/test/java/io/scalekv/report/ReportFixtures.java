package io.scalekv.report;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunFailure;
import io.scalekv.experiment.RunResult;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.model.ModelChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Folders of results with made-up numbers. */
final class ReportFixtures {
  /** A caption that would break a page that does not escape it. */
  static final String HOSTILE =
      "</script><script>alert('x')</script> | \" & <img src=\"https://example.org/x.png\">";

  private static final List<String> MAPS =
      List.of("1x1", "2x2", "4x4", "6x6", "8x8", "12x12", "16x16");

  private final List<ExperimentFile.Row> rows = new ArrayList<>();
  private final List<RunResult> results = new ArrayList<>();
  private final List<RunFailure> failures = new ArrayList<>();
  private final String name;
  private final int prompts;

  ReportFixtures(String name, int prompts) {
    this.name = name;
    this.prompts = prompts;
  }

  /** A run of this experiment. */
  Run run(Run.Kind kind, String policy, String budget, int tokens, String distortion) {
    Run like = ResultFixtures.run(policy, budget, tokens);
    return new Run(
        kind,
        like.model(),
        like.generation(),
        new Run.Prompts("b".repeat(64), prompts, 1, 0),
        like.policy(),
        null,
        distortion,
        List.of("psnr", "ssim", "frechet", "bits"),
        like.nets(),
        null);
  }

  /** A policy at a budget whose PSNR of prompt p is {@code psnr} + p / 4. */
  ReportFixtures policy(String policy, int percent, int tokens, double psnr) {
    Run run = run(Run.Kind.POLICY, policy, percent + "%", tokens, null);
    return add("policies", policy + " at " + percent + "%", run, psnr);
  }

  /** A row with a result. */
  ReportFixtures add(String group, String label, Run run, double psnr) {
    return add(
        group, label, run, IntStream.range(0, prompts).mapToDouble(p -> psnr + p / 4.0).toArray());
  }

  /** A row with a result, its PSNR by prompt. */
  ReportFixtures add(String group, String label, Run run, double[] psnr) {
    String series = label.replaceAll(" at [0-9]+%", "");
    rows.add(new ExperimentFile.Row(group, label, series, run.id()));
    results.add(result(run, psnr));
    return this;
  }

  /** The same seed again, other seeds, and a distortion. */
  ReportFixtures rulers() {
    add(
        "baselines",
        "same seed again",
        run(Run.Kind.POLICY, "full", null, 265, null),
        Double.POSITIVE_INFINITY);
    add("baselines", "other seed", run(Run.Kind.OTHER_SEED, "full", null, 265, null), 9);
    add("baselines", "jpeg 90", run(Run.Kind.DISTORTION, "full", null, 265, "jpeg 90"), 35);
    return this;
  }

  /** A row whose run failed, and one that was not run. */
  ReportFixtures failures() {
    Run failed = run(Run.Kind.POLICY, "random", "10%", 27, null);
    rows.add(new ExperimentFile.Row("policies", "random at 10%", "random", failed.id()));
    failures.add(
        new RunFailure(failed.id(), failed, "no <luck> today", false, "2025-01-01T00:00:00Z"));
    Run missing = run(Run.Kind.POLICY, "random", "4%", 11, null);
    rows.add(new ExperimentFile.Row("policies", "random at 4%", "random", missing.id()));
    return this;
  }

  private RunResult result(Run run, double[] db) {
    RunResult like = ResultFixtures.result(run.policy().name(), "10%", 27, 20);
    boolean all = Arrays.stream(db).allMatch(Double::isInfinite);
    List<RunResult.Image> images = new ArrayList<>();
    double[] ssim = new double[prompts];
    for (int p = 0; p < prompts; p++) {
      boolean same = Double.isInfinite(db[p]);
      ssim[p] = same ? 1 : db[p] / 50;
      images.add(
          RunResult.Image.of(
              p, 0, same, Map.of("psnr", db[p], "ssim", ssim[p], "bits", same ? 1 : 0.5)));
    }
    boolean drawn = run.kind() != Run.Kind.DISTORTION;
    Map<String, Interval> metrics = new LinkedHashMap<>();
    metrics.put("psnr", Bootstrap.withSeed(0).mean(db));
    metrics.put("ssim", Bootstrap.withSeed(0).mean(ssim));
    if (prompts >= 2 && !all) {
      metrics.put(
          "frechet",
          new Interval(
              (40 - Arrays.stream(db).filter(Double::isFinite).min().orElseThrow()) / 10,
              Double.NaN,
              Double.NaN,
              prompts,
              0));
    }
    RunResult.Memory m = like.memory();
    return new RunResult(
        RunResult.SCHEMA_VERSION,
        run.id(),
        run,
        like.provenance(),
        drawn
            ? new RunResult.Memory(
                run.policy().budgetTokens(),
                (double) run.policy().budgetTokens(),
                (double) run.policy().budgetTokens(),
                3L << 19,
                3L << 19,
                1L << 21,
                1L << 20,
                10L << 20,
                15,
                m.keyType(),
                m.valueType(),
                2,
                8)
            : null,
        null,
        metrics,
        drawn ? like.bitAgreementByMap() : null,
        List.of(),
        images,
        null);
  }

  /** Writes the folder. */
  ReportFixtures write(Path folder) throws IOException {
    List<String> texts = new ArrayList<>(Collections.nCopies(prompts, "a large solid red circle"));
    texts.set(0, HOSTILE);
    new ExperimentFile(
            ExperimentFile.SCHEMA_VERSION,
            name,
            "Policies at <equal> budgets",
            ExperimentSpec.Kind.FIDELITY,
            new ModelChoice("pocket", null, null),
            true,
            "name: " + name + "\n# <b>&",
            "d".repeat(64),
            "scenes.txt",
            "b".repeat(64),
            "0123456789abcdef",
            rows,
            Map.of("b".repeat(64), texts))
        .write(folder);
    for (RunResult r : results) {
      new ResultFolder(folder).write(r);
    }
    for (RunFailure f : failures) {
      new ResultFolder(folder).write(f);
    }
    return this;
  }

  /** Adds images of every policy, each of one colour, and those of the full cache. */
  void writeImages(Path folder) throws IOException {
    for (int p = 0; p < prompts; p++) {
      String file = String.format("p%04d-s0.png", p);
      Png.write(plain(40 * p), folder.resolve("reference/0123456789abcdef").resolve(file));
      for (int i = 0; i < results.size(); i++) {
        Png.write(
            plain(40 * p + 3 * (i + 1)),
            folder.resolve("images").resolve(results.get(i).id()).resolve(file));
      }
    }
  }

  /** Adds images of the first eight prompts that no compression makes smaller. */
  void writeNoise(Path folder, int side) throws IOException {
    Random random = new Random(1);
    List<Path> folders = new ArrayList<>(List.of(folder.resolve("reference/0123456789abcdef")));
    results.forEach(r -> folders.add(folder.resolve("images").resolve(r.id())));
    for (Path images : folders) {
      for (int p = 0; p < 8; p++) {
        byte[] rgb = new byte[3 * side * side];
        random.nextBytes(rgb);
        RgbImage noise = RgbImage.of(side, side, rgb);
        Png.write(noise, images.resolve(String.format("p%04d-s0.png", p)));
      }
    }
  }

  static RgbImage plain(int grey) {
    byte[] rgb = new byte[16 * 16 * 3];
    Arrays.fill(rgb, (byte) Math.min(255, grey));
    return RgbImage.of(16, 16, rgb);
  }
}
