package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Machine;
import io.scalekv.experiment.Software;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.experiment.bench.Soak;
import io.scalekv.experiment.bench.SpeedBench;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.report.SpeedReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Many images in one process: does it grow? */
@Command(
    name = "soak",
    description =
        "Draw many images in one process and sample its memory: resident set, C heap, Java heap and"
            + " allocation. What leaks shows as a slope.")
final class BenchSoakCommand implements Callable<Integer> {
  /**
   * What the command reports, and the file {@code soak.json}.
   *
   * @param rss growth of the resident set, after the first tenth of the images
   * @param nativeHeap growth of the C heap in use, likewise
   * @param allocatedMiB Java heap that the drawing thread allocated for one image, mean
   */
  record Report(
      String model,
      String dtype,
      String policy,
      String budget,
      int images,
      int batch,
      double seconds,
      double imageSeconds,
      Soak.Slope rss,
      Soak.Slope nativeHeap,
      double allocatedMiB,
      Soak.Sample first,
      Soak.Sample last,
      String commit,
      Software software,
      Machine machine,
      String createdAt) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private GenerationOptions generation;
  @Mixin private CacheOptions cacheOptions;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Images (default: ${DEFAULT-VALUE}).")
  private int images;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--every",
      paramLabel = "N",
      defaultValue = "10",
      description = "Images between samples (default: ${DEFAULT-VALUE}).")
  private int every;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for soak.csv, which grows with every sample, soak.json and soak.png.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Check.range("--images", images, 3, 10_000_000);
    Check.range("--batch", batch, 1, 1024);
    Check.range("--every", every, 1, images / 3);
    if (every % batch != 0 || images % every != 0) {
      throw new IllegalArgumentException(
          String.format(
              "--images %d, --every %d, --batch %d: each a multiple of the next expected",
              images, every, batch));
    }
    ModelConfig config = ModelFactory.config(modelOption);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    CacheOptions.Choice cache =
        cacheOptions.choose(modelOption, config, schedule, generation, global, batch, true);
    OutputFolder.prepare(out);
    SpeedBench.Plan plan =
        new SpeedBench.Plan(
            generation.drawing(config, global.seed()), cache.settings(), batch, true, 1);
    List<Soak.Sample> samples = new ArrayList<>();
    try (ImageModel model =
            ModelFactory.open(
                modelOption, global, generation, List.of(), true, spec.commandLine().getErr());
        Writer csv = Files.newBufferedWriter(out.resolve("soak.csv"), StandardCharsets.UTF_8);
        Progress progress =
            Progress.of("soak", images / every, global.quiet(), spec.commandLine().getErr())) {
      csv.write("images,seconds,rssMiB,nativeMiB,javaMiB,allocatedMiB\n");
      Soak.run(
          model,
          plan,
          images,
          every,
          global.seed(),
          s -> {
            samples.add(s);
            write(csv, s);
            progress.step(
                String.format(Locale.ROOT, "%d images, RSS %s MiB", s.images(), shown(s.rssMiB())));
          });
    }
    Report report = report(config, cache, samples);
    StringWriter text = new StringWriter();
    JsonOutput.print(new PrintWriter(text), report);
    AtomicFile.write(out.resolve("soak.json"), text.toString().getBytes(StandardCharsets.UTF_8));
    SpeedReport.soak(
        out,
        samples,
        String.format(
            Locale.ROOT,
            "%d images of %s in one process: RSS %+.2f KiB an image",
            images,
            config.name(),
            report.rss().kibPerImage()));
    json.print(spec.commandLine().getOut(), report, this::text);
    return 0;
  }

  private static void write(Writer csv, Soak.Sample s) {
    try {
      csv.write(
          String.format(
              Locale.ROOT,
              "%d,%.3f,%s,%s,%.3f,%.4f%n",
              s.images(),
              s.seconds(),
              shown(s.rssMiB()),
              shown(s.nativeMiB()),
              s.javaMiB(),
              s.allocatedMiB()));
      csv.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String shown(Double mib) {
    return mib == null ? "n/a" : String.format(Locale.ROOT, "%.3f", mib);
  }

  private Report report(ModelConfig config, CacheOptions.Choice cache, List<Soak.Sample> samples) {
    Soak.Sample last = samples.get(samples.size() - 1);
    return new Report(
        config.name(),
        global.dtype(),
        cache.settings().policy().name(),
        cache.budget(),
        images,
        batch,
        last.seconds(),
        last.seconds() / images,
        slope(samples, s -> s.rssMiB() == null ? Double.NaN : s.rssMiB()),
        slope(samples, s -> s.nativeMiB() == null ? Double.NaN : s.nativeMiB()),
        samples.stream().mapToDouble(Soak.Sample::allocatedMiB).average().orElseThrow(),
        samples.get(0),
        last,
        SourceCommit.current(),
        SpeedRuns.software(),
        SpeedRuns.machine(global),
        SpeedRuns.now());
  }

  private static Soak.Slope slope(List<Soak.Sample> samples, ToDoubleFunction<Soak.Sample> value) {
    return Soak.slope(
        samples.stream().mapToDouble(Soak.Sample::images).toArray(),
        samples.stream().mapToDouble(value).toArray());
  }

  private String text(Report r) {
    return String.format(
        Locale.ROOT,
        "%s, %s: %d images in %.1f s, %.4f s each%n"
            + "RSS %s to %s MiB, %+.3f KiB an image [%+.3f, %+.3f]%n"
            + "C heap %s to %s MiB, %+.3f KiB an image [%+.3f, %+.3f]%n"
            + "Java allocation %.3f MiB an image%n"
            + "%s",
        r.model(),
        r.policy(),
        r.images(),
        r.seconds(),
        r.imageSeconds(),
        shown(r.first().rssMiB()),
        shown(r.last().rssMiB()),
        r.rss().kibPerImage(),
        r.rss().low(),
        r.rss().high(),
        shown(r.first().nativeMiB()),
        shown(r.last().nativeMiB()),
        r.nativeHeap().kibPerImage(),
        r.nativeHeap().low(),
        r.nativeHeap().high(),
        r.allocatedMiB(),
        out.resolve("soak.png"));
  }
}
