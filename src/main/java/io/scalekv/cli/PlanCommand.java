package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellJson;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ClusterPlan;
import io.scalekv.experiment.ClusterPlan.Played;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Table 1 at the paper's size on many machines, played through from measured cells. */
@Command(
    name = "plan",
    hidden = true,
    description =
        "Time and storage of a sweep on many machines, from the measured cells of a smaller one.")
final class PlanCommand implements Callable<Integer> {
  private static final double SECONDS_PER_HOUR = 3600;
  private static final double BITS_PER_BYTE = 8;

  /**
   * What the command reports.
   *
   * @param cells how many
   * @param images per cell
   * @param imageSeconds of an image with the full cache
   * @param referenceMiB reference images: PNG at the assumed size and packed token bits
   * @param cellsMiB result files
   * @param tasks that Spark hands out
   * @param played per number of machines
   */
  record Report(
      int cells,
      int images,
      double imageSeconds,
      double referenceMiB,
      double cellsMiB,
      long tasks,
      List<Played> played) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private JsonOption json;

  @Parameters(paramLabel = "DIR", description = "Results whose cells were measured.")
  private Path measured;

  @Option(
      names = "--policies",
      paramLabel = "P",
      split = ",",
      defaultValue = "sliding-window,streaming-llm,snapkv,pyramidkv,scalekv",
      description = "Their cells (default: ${DEFAULT-VALUE}, the 15 cells of table 1).")
  private List<String> policies;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "5000",
      description = "Images a cell (default: ${DEFAULT-VALUE}).")
  private int images;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--image-seconds",
      paramLabel = "S",
      required = true,
      description = "Seconds one machine needs for an image with the full cache.")
  private double imageSeconds;

  @Option(
      names = "--load-seconds",
      paramLabel = "S",
      defaultValue = "60",
      description = "Seconds to load the model (default: ${DEFAULT-VALUE}).")
  private double loadSeconds;

  @Option(
      names = "--png-mib",
      paramLabel = "X",
      defaultValue = "1.5",
      description = "MiB of one PNG, assumed (default: ${DEFAULT-VALUE}).")
  private double pngMiB;

  @Option(
      names = "--machines",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2,4,8,15,16,32,64",
      description = "Numbers of machines (default: ${DEFAULT-VALUE}).")
  private int[] machines;

  @Override
  public Integer call() throws IOException {
    Check.range("--images", images, 1, 1_000_000);
    Check.range("--batch", batch, 1, images);
    if (!(imageSeconds > 0) || !(loadSeconds >= 0)) {
      throw new IllegalArgumentException(
          "--image-seconds above 0 and --load-seconds of at least 0 expected, got "
              + imageSeconds
              + " and "
              + loadSeconds);
    }
    List<CellResult> cells = read();
    double full = perImage(fullOf(cells));
    List<CellResult> chosen =
        cells.stream()
            .filter(c -> c.cell().kind() == Cell.Kind.POLICY)
            .filter(c -> policies.contains(c.cell().policy().name()))
            .toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException(
          measured + ": measured cells of " + policies + " expected, got none");
    }
    List<Double> seconds =
        chosen.stream().map(c -> perImage(c) / full * imageSeconds * images).toList();
    int batches = (images + batch - 1) / batch;
    List<Double> references = new ArrayList<>(Collections.nCopies(batches, batch * imageSeconds));
    references.set(batches - 1, (images - (batches - 1) * batch) * imageSeconds);
    ModelConfig config = ModelFactory.config(modelOption);
    ScaleSchedule schedule = config.schedule(Optional.of("1M"), 1);
    long bits = (long) schedule.tokensBefore(schedule.scales()) * config.transformer().tokenBits();
    double mib = 1 << 20;
    double fileBytes =
        chosen.stream()
            .mapToDouble(
                c -> (double) CellJson.text(c).length() / c.cell().prompts().images() * images)
            .sum();
    Report report =
        new Report(
            chosen.size(),
            images,
            imageSeconds,
            images * (pngMiB + bits / BITS_PER_BYTE / mib),
            fileBytes / mib,
            batches + 1L + chosen.size(),
            new ClusterPlan(loadSeconds, references, seconds).onEach(machines));
    json.print(spec.commandLine().getOut(), report, PlanCommand::text);
    return 0;
  }

  private List<CellResult> read() throws IOException {
    Path folder = measured.resolve("cells");
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          measured + ": a folder of results with cells expected, got none");
    }
    List<CellResult> cells = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file :
          files.filter(f -> !f.toString().endsWith(".failed.json")).sorted().toList()) {
        cells.add(CellJson.read(file));
      }
    }
    return cells;
  }

  private CellResult fullOf(List<CellResult> cells) {
    return cells.stream()
        .filter(c -> c.cell().kind() == Cell.Kind.POLICY)
        .filter(c -> c.cell().policy().name().equals("full"))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    measured + ": a cell with the full cache expected, got none"));
  }

  /** Seconds of an image with everything that is measured on it. */
  private static double perImage(CellResult c) {
    return c.provenance().wallSeconds() / c.cell().prompts().images();
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%d cells x %d images at %.4g s an image with the full cache: %d tasks%n"
                + "on the shared disk: %.1f MiB of reference images, %.1f MiB of results%n"
                + "%-8s %13s %11s %9s %6s %14s",
            r.cells(),
            r.images(),
            r.imageSeconds(),
            r.tasks(),
            r.referenceMiB(),
            r.cellsMiB(),
            "machines",
            "references h",
            "all done h",
            "speed-up",
            "busy",
            "above floor"));
    double one = 0;
    for (Played p : r.played()) {
      one = one == 0 ? p.wallSeconds() * p.machines() * p.busy() : one;
      t.append(
          String.format(
              Locale.ROOT,
              "%n%-8d %13.2f %11.2f %8.1fx %5.0f%% %13.2fx",
              p.machines(),
              p.referencesSeconds() / SECONDS_PER_HOUR,
              p.wallSeconds() / SECONDS_PER_HOUR,
              one / p.wallSeconds(),
              100 * p.busy(),
              p.wallSeconds() / p.floorSeconds()));
    }
    return t.toString();
  }
}
