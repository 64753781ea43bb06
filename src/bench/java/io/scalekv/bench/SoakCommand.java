package io.scalekv.bench;

import io.scalekv.io.Require;
import io.scalekv.model.ImageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Many images in one process, with samples of its memory: a leak shows as a slope. */
@Command(name = "soak", description = "Draw many images in one process and sample its memory.")
final class SoakCommand implements Callable<Integer> {
  @Mixin private Setup setup = new Setup();

  @Option(names = "--images", defaultValue = "1000", description = "Images.")
  private int images;

  @Option(names = "--every", defaultValue = "10", description = "Images between samples.")
  private int every;

  @Override
  public Integer call() throws IOException {
    Require.that(
        every % setup.batch == 0 && images % every == 0,
        "--images must be a multiple of --every and --every of --batch, got %d, %d, %d",
        images,
        every,
        setup.batch);
    Files.createDirectories(setup.out);
    List<Soak.Sample> samples = new ArrayList<>();
    try (ImageModel model = setup.open();
        Writer csv =
            Files.newBufferedWriter(setup.out.resolve("soak.csv"), StandardCharsets.UTF_8)) {
      csv.write("images,seconds,rssMiB,nativeMiB,javaMiB,allocatedMiB\n");
      Soak.run(
          model,
          setup.plan(true, 1),
          images,
          every,
          setup.seed,
          s -> {
            samples.add(s);
            write(csv, s);
          });
    }
    Soak.Slope rss = slope(samples, Soak.Sample::rssMiB);
    Soak.Slope heap = slope(samples, Soak.Sample::nativeMiB);
    String title =
        String.format(
            Locale.ROOT,
            "%d images of %s: resident set %+.2f KiB an image [%+.2f, %+.2f], C heap %+.2f [%+.2f,"
                + " %+.2f]",
            images,
            setup.config().name(),
            rss.kibPerImage(),
            rss.low(),
            rss.high(),
            heap.kibPerImage(),
            heap.low(),
            heap.high());
    SpeedReport.soak(setup.out, samples, title);
    System.out.println(title);
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
              s.rssMiB(),
              s.nativeMiB(),
              s.javaMiB(),
              s.allocatedMiB()));
      csv.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Soak.Slope slope(List<Soak.Sample> samples, Function<Soak.Sample, Double> mib) {
    ToDoubleFunction<Soak.Sample> orNaN = s -> mib.apply(s) == null ? Double.NaN : mib.apply(s);
    return Soak.slope(
        samples.stream().mapToDouble(Soak.Sample::images).toArray(),
        samples.stream().mapToDouble(orNaN).toArray());
  }
}
