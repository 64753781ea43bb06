package io.scalekv.cli;

import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.experiment.Redraw;
import io.scalekv.experiment.Redraw.Same;
import io.scalekv.io.Require;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelChoice;
import io.scalekv.report.ReportTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that draw the images of a manifest again. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class RedrawOptions {
  /** Options that say where and with which files the model runs; all others are the manifest's. */
  private static final Set<HelpGroup.Heading> FREE =
      Set.of(HelpGroup.Heading.MODEL, HelpGroup.Heading.MACHINE);

  private static final Set<String> ALSO =
      Set.of("--from", "--image", "--roles", "--out", "--json", "--quiet", "--debug");

  @Option(
      names = "--from",
      paramLabel = "MANIFEST",
      description =
          "Draw the images of this manifest.json again and say whether each is the same; with --out"
              + " they are written too.")
  private Path from;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "File of the manifest that is drawn again; may be repeated (default: all).")
  private List<String> files = List.of();

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /** Returns whether a manifest is given. */
  boolean given() {
    Require.that(files.isEmpty() || from != null, "--image needs --from MANIFEST");
    return from != null;
  }

  /**
   * Draws the images again.
   *
   * @param out folder that gets the images, or null
   * @return 0 if all are the same, else 1
   */
  int run(ModelOptions models, CacheOptions caches, MachineOptions machine, Path out, Output output)
      throws IOException {
    for (OptionSpec o : command.commandLine().getParseResult().matchedOptionsSet()) {
      Require.that(
          FREE.contains(HelpGroup.Heading.of(o)) || ALSO.contains(o.longestName()),
          "%s comes from the manifest where --from is given: leave it out",
          o.longestName());
    }
    Redraw redraw = Redraw.read(from);
    List<Integer> places = redraw.places(files);
    models.take(redraw.model());
    ModelChoice choice = models.choice();
    IntFunction<PolicyCalibration> calibration =
        CacheOptions.calibration(
            choice,
            redraw.drawing().schedule(),
            caches.roles,
            redraw.drawing().seed(),
            models.isRandom());
    if (out != null) {
      OutputFolder.prepare(out);
    }
    List<String> texts = places.stream().map(i -> redraw.images().get(i).prompt().text()).toList();
    List<Redraw.Drawn> drawn;
    try (ImageModel model = models.open(machine, texts, true, output);
        Progress progress = output.progress("generate", places.size())) {
      drawn = redraw.draw(model, places, calibration, out, progress::step);
    }
    long same =
        drawn.stream().filter(d -> d.same() == Same.BYTES || d.same() == Same.PIXELS).count();
    output.json(Map.of("manifest", from.toString(), "same", same, "images", drawn));
    output.table(
        List.of("image", "policy", "same", "PSNR dB"),
        drawn,
        d ->
            Output.row(
                d.file(),
                d.policy(),
                switch (d.same()) {
                  case BYTES -> "every byte";
                  case PIXELS -> "every pixel";
                  case DIFFERENT -> "no";
                  case MISSING -> "file is missing";
                },
                ReportTable.fixed(d.psnrDb(), 2)));
    output.line("%d of %d images are the same", same, drawn.size());
    return same == drawn.size() ? 0 : 1;
  }
}
