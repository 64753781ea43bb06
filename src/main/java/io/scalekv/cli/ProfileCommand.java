package io.scalekv.cli;

import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.report.AttentionAtlas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Attention statistics of a model as tables and figures. */
@Command(
    name = "profile",
    description = "Measures all attention statistics of every layer, head and scale: an atlas.",
    footer = {
      "  ./scalekv profile --prompts calibration-prompts/scenes-10.txt --out out/profile",
      "  ./scalekv profile --model pocket-l --prompt 'a red circle' --query-samples all",
      "  ./scalekv profile --traces traces --out out/profile"
    })
final class ProfileCommand implements Callable<Integer> {
  @Mixin private SourceOptions sources;
  @Mixin private SamplingOptions sampling;
  @Mixin private Output output;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "out/profile",
      description = "Folder for tables and figures (default: ${DEFAULT-VALUE}).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    SourceOptions.Attention attention = sources.read();
    ProfileOptions wanted = sampling.options(ProfileOptions.light(), sources.seed());
    OutputFolder.prepare(out);
    int[] images = IntStream.range(0, attention.images()).toArray();
    try (SourceOptions.Opened opened = attention.opener().apply(images, output)) {
      AttentionSource source = opened.source();
      ProfileOptions options = source.sampling(wanted);
      AttentionProfile profile =
          source.statistics().orElseGet(() -> measure(source, options, images));
      AttentionAtlas atlas = AttentionAtlas.of(attention.name(), profile);
      List<Path> files =
          atlas.write(AttentionAtlas.extremes(source, atlas.profile()), source.provenance(), out);
      AttentionAtlas.Summary summary = atlas.summary();
      output.json(Map.of("model", opened.model()), summary, output.work(files));
      output.line(
          "%s: %d images, %d layers, %d scales, %d heads; %s query rows a map",
          attention.name(),
          summary.images(),
          summary.layers(),
          summary.scales(),
          summary.heads(),
          summary.querySamples());
      output.table(
          List.of("statistic", "least", "most", "unit"),
          summary.statistics(),
          r -> Output.row(r.statistic(), r.least(), r.most(), r.unit()));
      output.files(files);
      output.next("list", "statistics");
    }
    return 0;
  }

  private AttentionProfile measure(AttentionSource source, ProfileOptions options, int... images) {
    try (Progress progress = output.progress("profile", images.length)) {
      IntConsumer step = done -> progress.step("image " + done);
      return Measurements.of(source, options, Map.of(), sources.batch(), step, images).profile();
    }
  }
}
