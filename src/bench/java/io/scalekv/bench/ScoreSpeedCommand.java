package io.scalekv.bench;

import com.sun.management.OperatingSystemMXBean;
import io.scalekv.experiment.Machine;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.folders.FolderScoring;
import io.scalekv.image.ImageFile;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Workers;
import io.scalekv.report.ReportTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Scoring of folders against the time of decoding all their files once. The images are made once
 * and kept: waves with fine noise, which a PNG stores in about two bytes a pixel.
 */
@Command(name = "score", description = "Score folders of PNG against decoding them once.")
final class ScoreSpeedCommand implements Callable<Integer> {
  @Option(names = "--pairs", defaultValue = "1000", description = "Pairs of images.")
  private int pairs;

  @Option(names = "--side", defaultValue = "1024", description = "Side in pixels.")
  private int side;

  @Option(names = "--threads", defaultValue = "2", description = "Threads.")
  private int threads;

  @Option(names = "--out", defaultValue = "out/bench/score", description = "Images and results.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Path reference = out.resolve("reference");
    Path images = out.resolve("images");
    List<Path> files = new ArrayList<>();
    try (Workers workers = Workers.of(threads)) {
      for (Path folder : List.of(reference, images)) {
        IntStream.range(0, pairs)
            .mapToObj(i -> folder.resolve(String.format(Locale.ROOT, "%06d.png", i)))
            .forEach(files::add);
      }
      workers.map(files, this::make);
      workers.map(files.subList(0, Math.min(16, files.size())), ScoreSpeedCommand::decode);
      Cost decoding = Cost.of(() -> workers.map(files, ScoreSpeedCommand::decode));
      List<List<Object>> rows = new ArrayList<>();
      rows.add(decoding.row("decode once", decoding));
      for (String metrics : List.of("psnr", "psnr,ssim,haarpsi")) {
        Cost cost = Cost.of(() -> score(reference, images, List.of(metrics.split(","))));
        rows.add(cost.row(metrics, decoding));
      }
      ReportTable table =
          PlainTable.of(
              "score",
              "%d pairs of %dx%d PNG, %d threads".formatted(pairs, side, side, threads),
              List.of("work", "seconds", "of decoding", "CPU seconds", "of decoding, CPU"),
              rows,
              2,
              List.of(Machine.here(threads).cpu() + ", commit " + SourceCommit.current()));
      table.write(out);
      System.out.println(table.markdown());
    }
    return 0;
  }

  /** Time of the wall and of all threads, in seconds. */
  private record Cost(double wall, double cpu) {
    /** Work that is measured. */
    private interface Work {
      void run() throws IOException;
    }

    static Cost of(Work work) throws IOException {
      OperatingSystemMXBean process =
          (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      long wall = System.nanoTime();
      long cpu = process.getProcessCpuTime();
      work.run();
      return new Cost((System.nanoTime() - wall) / 1e9, (process.getProcessCpuTime() - cpu) / 1e9);
    }

    List<Object> row(String work, Cost decoding) {
      return List.of(work, wall, wall / decoding.wall, cpu, cpu / decoding.cpu);
    }
  }

  private void score(Path reference, Path images, List<String> metrics) throws IOException {
    Path results = Files.createTempDirectory(out, "results");
    FolderScoring.Request request =
        new FolderScoring.Request(
            reference,
            List.of(images),
            null,
            null,
            null,
            metrics,
            UserNets.NONE,
            ImageFile.Options.PILLOW,
            true,
            0,
            threads);
    FolderScoring.run(request, results, RunListener.NONE);
  }

  /** Decodes a file and keeps only its width: all pixels of all files would not fit in memory. */
  private static int decode(Path file) {
    try {
      return ImageFile.read(file).pixels().width();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path make(Path file) {
    if (Files.exists(file)) {
      return file;
    }
    SplittableRandom random = new SplittableRandom(file.toString().hashCode());
    int number = Integer.parseInt(file.getFileName().toString().substring(0, 6));
    byte[] rgb = new byte[3 * side * side];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3;
      int row = pixel / side;
      double x = (double) (pixel % side) / side;
      double y = (double) row / side;
      double wave = Math.sin((6 + number % 7) * x + i % 3) * Math.cos((9 + number % 5) * y);
      rgb[i] = (byte) Math.round(124 + 90 * wave + 4 * random.nextDouble());
    }
    try {
      Png.write(RgbImage.of(side, side, rgb), file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }
}
