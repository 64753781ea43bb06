package io.scalekv.cli;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.CacheMeter;
import io.scalekv.experiment.KeptTokens;
import io.scalekv.experiment.MapMeter;
import io.scalekv.image.ContactSheet;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.report.KeptTokenMap;
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
import java.util.Set;
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

  /**
   * How the history was kept: mean tokens of a layer and head, and the bytes of all tokens held at
   * the same time, of one batch.
   */
  record Cache(
      String policy,
      String budget,
      Integer budgetTokens,
      String unconditionalPolicy,
      String keyType,
      String valueType,
      int batch,
      double kvCacheMiB) {}

  /** What a map costs; the times and operations are those of a whole batch. */
  record MapCost(
      String map,
      int tokens,
      double seconds,
      double cpuSeconds,
      double kvCacheMiB,
      Long peakRssMiB,
      double gflop,
      double gflopPerSecond) {
    static MapCost of(MapMeter.Cost c) {
      return new MapCost(
          c.map(),
          c.tokens(),
          Math.round(c.seconds() * 1e6) / 1e6,
          Math.round(c.cpuSeconds() * 100) / 100.0,
          Math.round(1000.0 * c.kvCacheBytes() / (1 << 20)) / 1000.0,
          c.peakRssMiB(),
          Math.round(c.gflop() * 1e6) / 1e6,
          Math.round(c.gflopPerSecond() * 10) / 10.0);
    }
  }

  /** What the command reports, and the manifest. */
  record Report(
      String model,
      String weights,
      double cfg,
      double tau,
      double topP,
      String negative,
      String dtype,
      Cache cache,
      int[] heightWidthPixels,
      List<Image> images,
      Map<String, Double> faithfulness,
      List<MapCost> maps,
      Double mapSeconds,
      Double mapCpuSeconds,
      Double gflopPerSecond,
      Double generateSeconds,
      Double wallSeconds,
      Long peakRssMiB) {}

  /** An image to draw, by its place in the manifest. */
  private record Job(Prompt prompt, String file) {}

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private PromptOptions promptOptions;
  @Mixin private GenerationOptions generation;
  @Mixin private CacheOptions cacheOptions;
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
      names = "--draw-kept",
      paramLabel = "LAYER",
      split = ",",
      description =
          "Also draw kept-layer-L.png: which tokens of the first batch these layers hold (counted"
              + " from 0).")
  private List<Integer> drawKept = List.of();

  @Option(
      names = "--no-image",
      description =
          "Draw the codes and stop: no tokenizer, no files. For measurements; the report tells what"
              + " every map costs.")
  private boolean noImage;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for the images and manifest.json (needed for images).")
  private Path out;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Check.range("--seeds", seeds, 1, 1_000_000);
    Check.range("--batch", batch, 1, 1024);
    if (sheetColumns != null) {
      Check.range("--sheet", sheetColumns, 1, 64);
    }
    checkOutput();
    ModelConfig config = ModelFactory.config(modelOption);
    for (int layer : drawKept) {
      Check.range("--draw-kept", layer, 0, config.geometry().layers() - 1);
    }
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    PromptSet prompts = promptOptions.read(config);
    if (judge) {
      prompts.prompts().forEach(SceneGrammar::parse);
    }
    List<Job> jobs = jobs(prompts);
    boolean guided = generation.drawing(config, 0).sampling().guided();
    CacheOptions.Choice cache =
        cacheOptions.choose(
            modelOption,
            config,
            schedule,
            generation,
            global,
            Math.min(batch, jobs.size()),
            modelOption.randomWeights().isPresent());
    CacheMeter meter = new CacheMeter(config.geometry().layers(), schedule.scales());
    KeptTokens kept = new KeptTokens(schedule, Set.copyOf(drawKept));
    generation.device().check();
    OutOfMemory memory =
        OutOfMemory.before(
            MemoryNeed.of(
                config,
                schedule,
                cache.settings(),
                guided,
                ModelFactory.options(global, generation, !noImage)),
            Math.min(batch, jobs.size()),
            generation.device() == ComputeDevice.CUDA);
    MapMeter maps = new MapMeter(config, schedule);
    if (!noImage) {
      OutputFolder.prepare(out);
    }
    try (ImageModel model =
        ModelFactory.open(
            modelOption,
            global,
            generation,
            prompts.prompts(),
            !noImage,
            spec.commandLine().getErr())) {
      if (!generation.negative().isEmpty()) {
        model.config().checkPrompt(generation.negative());
      }
      FaithfulnessTally tally = FaithfulnessTally.create();
      List<RgbImage> sheet = new ArrayList<>();
      double seconds =
          draw(model, jobs, cache.settings(), List.of(meter, kept), maps, tally, sheet);
      for (int layer : kept.layers()) {
        KeptTokenMap.write(
            kept,
            layer,
            cache.settings().policy().name()
                + (cache.budget() == null ? "" : " at " + cache.budget()),
            out.resolve("kept-layer-" + layer + ".png"));
      }
      if (sheetColumns != null) {
        List<String> labels = jobs.stream().map(j -> j.prompt().text()).toList();
        Png.write(
            ContactSheet.of(sheet, labels, sheetColumns, 2), out.resolve("contact-sheet.png"));
      }
      report(
          model,
          schedule,
          jobs,
          cacheOf(cache, meter, jobs.size()),
          maps,
          tally,
          seconds,
          (System.nanoTime() - start) / 1e9);
    } catch (RuntimeException e) {
      throw memory.judge(e, spec.commandLine().getErr());
    } catch (OutOfMemoryError e) {
      throw memory.answer(e, spec.commandLine().getErr());
    }
    return 0;
  }

  private void checkOutput() {
    if (noImage == (out != null)) {
      throw new IllegalArgumentException(
          "--out DIR or --no-image: one of the two expected, got "
              + (noImage ? "both" : "neither"));
    }
    if (noImage && (judge || sheetColumns != null || !drawKept.isEmpty())) {
      throw new IllegalArgumentException(
          "--no-image: no --judge, --sheet or --draw-kept expected, got one");
    }
  }

  private List<Job> jobs(PromptSet prompts) {
    List<Job> jobs = new ArrayList<>();
    for (int p = 0; p < prompts.prompts().size(); p++) {
      for (int s = 0; s < seeds; s++) {
        long seed = global.seed() + (long) s;
        String file = String.format(Locale.ROOT, "p%04d-s%d.png", p, seed);
        jobs.add(new Job(new Prompt(prompts.prompts().get(p), seed), file));
      }
    }
    return jobs;
  }

  private Cache cacheOf(CacheOptions.Choice c, CacheMeter meter, int images) {
    CacheSettings s = c.settings();
    return new Cache(
        s.policy().name(),
        c.budget(),
        c.budget() == null ? null : c.tokens(),
        s.unconditional() == null ? null : s.unconditional().name(),
        s.keys().toString(),
        s.values().toString(),
        Math.min(batch, images),
        Math.round(1000.0 * meter.mostBytes() / (1 << 20)) / 1000.0);
  }

  private double draw(
      ImageModel model,
      List<Job> jobs,
      CacheSettings cache,
      List<GenerationListener> observers,
      MapMeter maps,
      FaithfulnessTally tally,
      List<RgbImage> sheet)
      throws IOException {
    double seconds = 0;
    try (Progress progress =
        Progress.of("generate", jobs.size(), global.quiet(), spec.commandLine().getErr())) {
      for (int at = 0; at < jobs.size(); at += batch) {
        List<Job> part = jobs.subList(at, Math.min(jobs.size(), at + batch));
        List<GenerationListener> listeners = new ArrayList<>(at == 0 ? observers : List.of());
        if (at == 0 || part.size() == batch) {
          listeners.add(maps);
        }
        long begin = System.nanoTime();
        List<RgbImage> images = draw(model, part, cache, GenerationListener.all(listeners));
        seconds += (System.nanoTime() - begin) / 1e9;
        if (noImage) {
          progress.step("batch at " + at);
        }
        for (int i = 0; i < images.size(); i++) {
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

  /** One batch; no images where none are wanted. */
  private List<RgbImage> draw(
      ImageModel model, List<Job> part, CacheSettings cache, GenerationListener listener) {
    List<Prompt> prompts = part.stream().map(Job::prompt).toList();
    Drawing drawing = generation.drawing(model.config(), global.seed());
    if (noImage) {
      model.drawCodes(drawing, prompts, cache, List.of(), listener);
      return List.of();
    }
    return model.draw(drawing, prompts, cache, List.of(), listener);
  }

  private void report(
      ImageModel model,
      ScaleSchedule schedule,
      List<Job> jobs,
      Cache cache,
      MapMeter maps,
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
    if (!noImage) {
      Report manifest = reportOf(model, schedule, cache, images, rates, null, null, null, null);
      StringWriter text = new StringWriter();
      JsonOutput.print(new PrintWriter(text), manifest);
      AtomicFile.write(
          out.resolve("manifest.json"), text.toString().getBytes(StandardCharsets.UTF_8));
    }
    Report report =
        reportOf(
            model,
            schedule,
            cache,
            noImage ? List.of() : images,
            rates,
            maps,
            Math.round(generateSeconds * 100) / 100.0,
            Math.round(wallSeconds * 100) / 100.0,
            maps.peakRssMiB());
    json.print(spec.commandLine().getOut(), report, this::text);
  }

  private Report reportOf(
      ImageModel model,
      ScaleSchedule schedule,
      Cache cache,
      List<Image> images,
      Map<String, Double> rates,
      MapMeter maps,
      Double generateSeconds,
      Double wallSeconds,
      Long peak) {
    List<MapMeter.Cost> costs = maps == null ? List.of() : maps.maps();
    double seconds = costs.stream().mapToDouble(MapMeter.Cost::seconds).sum();
    double cpu = costs.stream().mapToDouble(MapMeter.Cost::cpuSeconds).sum();
    double gflop = costs.stream().mapToDouble(MapMeter.Cost::gflop).sum();
    return new Report(
        model.config().name(),
        model.weightHash(),
        generation.cfg(),
        generation.tau(),
        generation.topP(),
        generation.negative(),
        global.dtype(),
        cache,
        model.config().pixels(schedule),
        images,
        rates,
        maps == null ? null : costs.stream().map(MapCost::of).toList(),
        maps == null ? null : Double.valueOf(Math.round(seconds * 1e4) / 1e4),
        maps == null ? null : Double.valueOf(Math.round(cpu * 100) / 100.0),
        maps == null ? null : Double.valueOf(Math.round(gflop / seconds * 10) / 10.0),
        generateSeconds,
        wallSeconds,
        peak);
  }

  private static String mapTable(Report r) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%n%-8s %7s %10s %8s %12s %9s %10s %9s",
            "map",
            "tokens",
            "seconds",
            "cpu",
            "kvCacheMiB",
            "rssMiB",
            "gflop",
            "gflop/s"));
    for (MapCost m : r.maps()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%n%-8s %7d %10.4f %8.2f %12.2f %9s %10.2f %9.1f",
              m.map(),
              m.tokens(),
              m.seconds(),
              m.cpuSeconds(),
              m.kvCacheMiB(),
              m.peakRssMiB() == null ? "n/a" : m.peakRssMiB().toString(),
              m.gflop(),
              m.gflopPerSecond()));
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%nall maps: %.3f s (%.2f s of processor time), %.1f GFLOP/s",
            r.mapSeconds(),
            r.mapCpuSeconds(),
            r.gflopPerSecond()));
    return text.toString();
  }

  private String text(Report r) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s: %s of %dx%d px%s (%.1f s)",
            r.model(),
            noImage ? "codes" : r.images().size() + " images",
            r.heightWidthPixels()[0],
            r.heightWidthPixels()[1],
            noImage ? "" : " in " + out,
            r.wallSeconds()));
    if (noImage) {
      text.append(mapTable(r));
    }
    text.append(
        String.format(
            Locale.ROOT,
            "%ncache %s%s: %.2f MiB with %d images together",
            r.cache().policy(),
            r.cache().budget() == null
                ? ""
                : " at "
                    + r.cache().budget()
                    + " = "
                    + r.cache().budgetTokens()
                    + " tokens a layer and head",
            r.cache().kvCacheMiB(),
            r.cache().batch()));
    if (r.faithfulness() != null) {
      r.faithfulness()
          .forEach(
              (name, rate) ->
                  text.append(String.format(Locale.ROOT, "%n%-18s %5.1f %%", name, 100 * rate)));
    }
    return text.toString();
  }
}
