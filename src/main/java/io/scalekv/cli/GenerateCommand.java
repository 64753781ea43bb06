package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.Calibrator.PromptSet;
import io.scalekv.files.AtomicFile;
import io.scalekv.image.ContactSheet;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.scene.Faithfulness;
import io.scalekv.scene.FaithfulnessRate;
import io.scalekv.scene.FaithfulnessTally;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.Segmenter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Images from prompts. */
@Command(
    name = "generate",
    description = "Draw images: one PNG per prompt and seed, and a manifest.")
final class GenerateCommand implements Callable<Integer> {
  /** One image of the manifest. */
  record Image(String file, String prompt, long seed) {}

  /** What the command reports, and the manifest. */
  record Report(
      String model,
      String weights,
      double cfg,
      double tau,
      double topP,
      String negative,
      String dtype,
      int[] heightWidthPixels,
      List<Image> images,
      Map<String, Double> faithfulness,
      Double generateSeconds,
      Double wallSeconds,
      Long peakRssMiB) {}

  /** An image to draw, by its place in the manifest. */
  private record Job(Prompt prompt, String file) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Images per prompt, with seeds --seed, --seed + 1, … (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--sheet",
      paramLabel = "COLUMNS",
      description = "Also draw contact-sheet.png with so many columns.")
  private Integer sheetColumns;

  @Option(
      names = "--judge",
      description =
          "Read every image back and report how often it shows what its caption says (pocket"
              + " captions only).")
  private boolean judge;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for the images and manifest.json.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Check.range("--seeds", seeds, 1, 1_000_000);
    Check.range("--batch", batch, 1, 1024);
    if (sheetColumns != null) {
      Check.range("--sheet", sheetColumns, 1, 64);
    }
    ModelConfig config = ModelFactory.config(modelOption);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    PromptSet prompts = promptOptions.read(config);
    if (judge) {
      prompts.prompts().forEach(SceneGrammar::parse);
    }
    OutputFolder.prepare(out);
    List<Job> jobs = jobs(prompts);
    try (ImageModel model = ModelFactory.open(modelOption, global, generation)) {
      if (!generation.negative().isEmpty()) {
        model.checkPrompt(generation.negative());
      }
      FaithfulnessTally tally = FaithfulnessTally.create();
      List<RgbImage> sheet = new ArrayList<>();
      double seconds = draw(model, schedule, jobs, tally, sheet);
      if (sheetColumns != null) {
        List<String> labels = jobs.stream().map(j -> j.prompt().text()).toList();
        Png.write(
            ContactSheet.of(sheet, labels, sheetColumns, 2), out.resolve("contact-sheet.png"));
      }
      report(model, schedule, jobs, tally, seconds, (System.nanoTime() - start) / 1e9);
    }
    return 0;
  }

  private List<Job> jobs(PromptSet prompts) {
    List<Job> jobs = new ArrayList<>();
    for (int p = 0; p < prompts.prompts().size(); p++) {
      for (int s = 0; s < seeds; s++) {
        long seed = global.seed() + (long) s;
        String file = String.format(Locale.ROOT, "p%04d-s%d.png", p, seed);
        // images of different prompts must not share their random numbers
        jobs.add(new Job(new Prompt(prompts.prompts().get(p), seed * 1_000_003 + p), file));
      }
    }
    return jobs;
  }

  private double draw(
      ImageModel model,
      ScaleSchedule schedule,
      List<Job> jobs,
      FaithfulnessTally tally,
      List<RgbImage> sheet)
      throws IOException {
    double seconds = 0;
    try (Progress progress =
        Progress.of("generate", jobs.size(), global.quiet(), spec.commandLine().getErr())) {
      for (int at = 0; at < jobs.size(); at += batch) {
        List<Job> part = jobs.subList(at, Math.min(jobs.size(), at + batch));
        long begin = System.nanoTime();
        List<RgbImage> images =
            model.generate(
                part.stream().map(Job::prompt).toList(),
                generation.negative(),
                schedule,
                generation.aspect(),
                generation.toModel(),
                model.fullCache(schedule),
                List.of(),
                GenerationListener.NONE);
        seconds += (System.nanoTime() - begin) / 1e9;
        for (int i = 0; i < part.size(); i++) {
          Png.write(images.get(i), out.resolve(part.get(i).file()));
          if (judge) {
            tally.accept(
                Faithfulness.of(
                    SceneGrammar.parse(part.get(i).prompt().text()),
                    Segmenter.read(images.get(i))));
          }
          if (sheetColumns != null) {
            sheet.add(images.get(i));
          }
          progress.step(part.get(i).file());
        }
      }
    }
    return seconds;
  }

  private void report(
      ImageModel model,
      ScaleSchedule schedule,
      List<Job> jobs,
      FaithfulnessTally tally,
      double generateSeconds,
      double wallSeconds)
      throws IOException {
    Map<String, Double> rates = null;
    if (judge) {
      rates = new LinkedHashMap<>();
      for (FaithfulnessRate rate : FaithfulnessRate.values()) {
        if (tally.cases(rate) > 0) {
          rates.put(rate.key(), Math.round(tally.rate(rate) * 1e4) / 1e4);
        }
      }
    }
    List<Image> images =
        jobs.stream().map(j -> new Image(j.file(), j.prompt().text(), j.prompt().seed())).toList();
    Report manifest = reportOf(model, schedule, images, rates, null, null, null);
    StringWriter text = new StringWriter();
    JsonOutput.print(new PrintWriter(text), manifest);
    AtomicFile.write(
        out.resolve("manifest.json"), text.toString().getBytes(StandardCharsets.UTF_8));
    Report report =
        reportOf(
            model,
            schedule,
            images,
            rates,
            Math.round(generateSeconds * 100) / 100.0,
            Math.round(wallSeconds * 100) / 100.0,
            ProcessMemory.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, this::text);
  }

  private Report reportOf(
      ImageModel model,
      ScaleSchedule schedule,
      List<Image> images,
      Map<String, Double> rates,
      Double generateSeconds,
      Double wallSeconds,
      Long peak) {
    return new Report(
        model.config().name(),
        model.weightHash(),
        generation.cfg(),
        generation.tau(),
        generation.topP(),
        generation.negative(),
        global.dtype(),
        model.pixels(schedule),
        images,
        rates,
        generateSeconds,
        wallSeconds,
        peak);
  }

  private String text(Report r) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: %d images of %dx%d px in %s (%.1f s)",
            r.model(),
            r.images().size(),
            r.heightWidthPixels()[0],
            r.heightWidthPixels()[1],
            out,
            r.wallSeconds()));
    if (r.faithfulness() != null) {
      r.faithfulness()
          .forEach(
              (name, rate) ->
                  text.append(String.format(Locale.ROOT, "%n%-18s %5.1f %%", name, 100 * rate)));
    }
    return text.toString();
  }
}
