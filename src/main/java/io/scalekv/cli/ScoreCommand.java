package io.scalekv.cli;

import io.scalekv.experiment.folders.FolderScores;
import io.scalekv.experiment.folders.FolderScoring;
import io.scalekv.image.ImageFile;
import io.scalekv.report.ScoreReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Comparison of image folders that were made elsewhere. */
@Command(
    name = "score",
    description =
        "Compares folders of images with a reference folder, pair by pair of equal file names:"
            + " fidelity with intervals, paired tests and rulers. Can be interrupted; run the same"
            + " command again to resume.",
    footer = {
      "  ./scalekv score --reference out/compare/full --images out/compare/scalekv --images"
          + " out/compare/snapkv",
      "  ./scalekv score --reference base --images heatkv --prompts prompts.jsonl --lpips"
          + " lpips_alex.pt --inception inception-2015-12-05.pt --ruler other-seed --strict"
    })
final class ScoreCommand implements Callable<Integer> {
  /** Treatment of alpha. */
  enum Alpha {
    DROP,
    WHITE
  }

  /** Treatment of EXIF orientation. */
  enum Exif {
    IGNORE,
    APPLY
  }

  @Mixin private NetOptions nets;
  @Mixin private ThreadOptions threads;
  @Mixin private Output output;

  @Option(names = "--reference", paramLabel = "DIR", required = true, description = "Reference.")
  private Path reference;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      required = true,
      description = "Folder to be judged; repeatable.")
  private List<Path> images = List.of();

  @Option(
      names = "--ruler",
      paramLabel = "DIR",
      description = "Other seeds of the same prompts: the ceiling of differences.")
  private Path ruler;

  @Option(
      names = "--rulers",
      paramLabel = "N",
      defaultValue = "20",
      description =
          "Reference images that the rulers identical, JPEG and blur are made of; 0 for none"
              + " (default: ${DEFAULT-VALUE}).")
  private int rulerImages;

  @Option(
      names = "--baseline",
      paramLabel = "DIR",
      description =
          "Folder of --images that the others are compared with (default: every two are"
              + " compared).")
  private Path baseline;

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description = "Captions; HeatKV's {index, prompt} belongs to the file %%06d of the index.")
  private Path prompts;

  @Option(
      names = "--metrics",
      paramLabel = "KEY",
      split = ",",
      description = "Metrics of ./scalekv list metrics (default: all that need no file).")
  private List<String> metrics = List.of();

  @Option(names = "--strict", description = "Refuse images that are in one folder only.")
  private boolean strict;

  @Option(
      names = "--alpha",
      paramLabel = "drop|white",
      defaultValue = "drop",
      description = "Drop alpha as Pillow does, or composite on white (default: drop).")
  private Alpha alpha;

  @Option(
      names = "--exif",
      paramLabel = "ignore|apply",
      defaultValue = "ignore",
      description = "Ignore the orientation as Pillow does, or turn (default: ignore).")
  private Exif exif;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/score",
      description = "Folder of the results (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    output.resumable();
    FolderScoring.Request request =
        new FolderScoring.Request(
            reference,
            images,
            ruler,
            baseline,
            prompts,
            metrics,
            nets.nets(),
            new ImageFile.Options(alpha == Alpha.WHITE, exif == Exif.APPLY),
            strict,
            rulerImages,
            threads.count());
    FolderScores scores =
        FolderScoring.run(request, OutputFolder.prepare(out), new RunProgress("pairs", output));
    ScoreReport report = ScoreReport.of(scores);
    List<Path> files = new ArrayList<>(List.of(out.resolve("pairs.jsonl")));
    files.addAll(report.write(out));
    output.json(scores.json(), output.work(files));
    output.table(report.table());
    output.table(report.tests());
    output.files(files);
    output.next("list", "metrics");
    return 0;
  }
}
