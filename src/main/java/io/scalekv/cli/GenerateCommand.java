package io.scalekv.cli;

import io.scalekv.experiment.PolicyImages;
import io.scalekv.experiment.PolicyImages.Outcome;
import io.scalekv.io.Require;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.report.GenerationTables;
import io.scalekv.scene.SceneGrammar;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Images of prompts under one or more cache policies. */
@Command(
    name = "generate",
    description =
        "Draws images, one PNG a prompt and seed; with --policy side by side with the full cache,"
            + " with PSNR and memory of each.",
    footer = {
      "  ./scalekv generate --prompt 'a large solid red circle at center on a plain blue"
          + " background' --out out/first",
      "  ./scalekv generate --prompts calibration-prompts/scenes-10.txt --policy snapkv --policy"
          + " scalekv --budget 10%% --batch 5 --out out/compare"
    })
final class GenerateCommand implements Callable<Integer> {
  @Mixin private PromptOptions promptOptions;
  @Mixin private DrawingOptions drawingOptions;
  @Mixin private ModelOptions modelOptions;
  @Mixin private CacheOptions cacheOptions;
  @Mixin private MachineOptions machine;
  @Mixin private RecordOptions record;
  @Mixin private RedrawOptions redraw;
  @Mixin private Output output;

  @HelpGroup(HelpGroup.Heading.DRAWING)
  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Likeliest codes that are drawn, 0 for all; var alone (default: 900).")
  private Integer topK;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--sheet",
      paramLabel = "COLUMNS",
      converter = Choice.Positive.class,
      description = "Also write contact-sheet.png with this many columns.")
  private Integer sheetColumns;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--judge",
      description = "Read every image back and compare it with its caption (pocket captions).")
  private boolean judge;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--no-image",
      description =
          "Stop after the token maps: do not decode or write images. Reports time and memory per"
              + " scale.")
  private boolean noImage;

  @HelpGroup(HelpGroup.Heading.OUTPUT)
  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of the images and manifest.json.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    if (redraw.given()) {
      return redraw.run(modelOptions, cacheOptions, machine, out, output);
    }
    boolean draws = noImage || out != null;
    Require.that(
        noImage != (out != null) || record.given() && !draws,
        "give --out DIR, --no-image, --record DIR or --from MANIFEST");
    Require.that(
        out != null || !judge && sheetColumns == null, "--judge and --sheet need --out DIR");
    ModelConfig config = modelOptions.config();
    Drawing drawing = drawingOptions.drawing(config, topK);
    PromptSet prompts = promptOptions.read(config);
    if (judge) {
      prompts.prompts().forEach(p -> SceneGrammar.parse(config.caption(p)));
    }
    int batch = Math.min(drawingOptions.batch(), prompts.prompts().size() * drawing.seeds());
    List<PolicyImages.Setting> settings =
        cacheOptions.settings(modelOptions, drawing, batch, out != null);
    OutOfMemory memory =
        OutOfMemory.before(
            config, drawing, settings, batch, modelOptions.loading(machine, out != null));
    if (out != null) {
      OutputFolder.prepare(out);
    }
    record.prepare();
    List<String> texts = new ArrayList<>(prompts.prompts());
    texts.add(drawing.negative());
    PolicyImages.Request request =
        new PolicyImages.Request(drawing, prompts, batch, settings, judge, sheetColumns);
    try (ImageModel model = modelOptions.open(machine, texts, out != null, output)) {
      if (record.given()) {
        Map<String, Object> recorded = record.write(model, drawing, prompts, batch, output);
        if (!draws) {
          output.json(recorded);
          output.next("calibrate", "--traces", record.folder, "--out", "out/calibration");
          return 0;
        }
      }
      try (Progress progress =
          output.progress("generate", (long) settings.size() * request.images())) {
        PolicyImages images = new PolicyImages(model, request, progress::step);
        report(images.manifest(noImage ? images.codes() : images.images(out)));
      }
    } catch (RuntimeException | OutOfMemoryError e) {
      throw memory.judge(e);
    }
    return 0;
  }

  private void report(PolicyImages.Manifest manifest) throws IOException {
    output.json(manifest);
    if (!noImage) {
      manifest.write(out);
    }
    List<Outcome> outcomes = manifest.policies();
    GenerationTables.of(outcomes).forEach(output::table);
    if (!noImage) {
      output.line("%d images in %s", outcomes.size() * outcomes.get(0).images().size(), out);
    }
    output.next("sweep", "experiments/table1.yaml", "--quick");
  }
}
