package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.bench.SpeedBench;
import io.scalekv.experiment.bench.SpeedRun;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.ImageModel;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.report.SpeedReport;
import io.scalekv.tensor.GemmRate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Time and memory of one configuration, against the machine's matrix rate. */
@Command(
    name = "speed",
    description =
        "Measure whole generations of one configuration against the rate of matrix products of the"
            + " same process; adds a line to the table of the folder.")
final class BenchSpeedCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption;
  @Mixin private GenerationOptions generation;
  @Mixin private CacheOptions cacheOptions;
  @Mixin private GlobalOptions global;
  @Mixin private JsonOption json;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "5",
      description = "Generations that count, after one that warms up (default: ${DEFAULT-VALUE}).")
  private int repeats;

  @Option(names = "--no-image", description = "Draw the codes and stop: no tokenizer.")
  private boolean noImage;

  @Option(
      names = "--ops",
      description =
          "Also one batch under libtorch's profiler: native operations and the time in each.")
  private boolean ops;

  @Option(
      names = "--gemm-side",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Side of the matrices of the matrix rate (default: ${DEFAULT-VALUE}).")
  private int gemmSide;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the run (default: made of its options).")
  private String name;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder for runs/NAME.json and the table of all runs there.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    Check.range("--batch", batch, 1, 1024);
    Check.range("--repeats", repeats, 1, 1000);
    Check.range("--gemm-side", gemmSide, 16, 1 << 14);
    ModelConfig config = ModelFactory.config(modelOption);
    ScaleSchedule schedule = config.schedule(generation.size(), generation.aspect());
    CacheOptions.Choice cache =
        cacheOptions.choose(modelOption, config, schedule, generation, global, batch, true);
    OutputFolder.prepare(out);
    SpeedBench.Plan plan =
        new SpeedBench.Plan(
            generation.drawing(config, global.seed()), cache.settings(), batch, !noImage, repeats);
    List<String> texts =
        SpeedBench.prompts(config, batch, global.seed()).stream().map(Prompt::text).toList();
    OutOfMemory memory =
        OutOfMemory.before(
            MemoryNeed.of(
                config,
                schedule,
                cache.settings(),
                generation.drawing(config, 0).sampling().guided(),
                ModelFactory.options(global, generation, !noImage)),
            batch,
            generation.device() == ComputeDevice.CUDA);
    try (ImageModel model =
            ModelFactory.open(
                modelOption, global, generation, texts, !noImage, spec.commandLine().getErr());
        GemmRate gemm = new GemmRate(gemmSide, gemmSide < 256 ? 0 : 0.3);
        Progress progress =
            Progress.of("speed", repeats + 1L, global.quiet(), spec.commandLine().getErr())) {
      SpeedBench.Measured measured =
          SpeedBench.run(model, plan, global.seed(), gemm, progress::step);
      String called = name == null ? defaultName(config, cache) : name;
      SpeedRun run = SpeedRuns.of(called, model, plan, measured, cache, global);
      SpeedRuns.write(out, run);
      SpeedReport.speed(out, SpeedRuns.readAll(out));
      if (ops) {
        SpeedReport.ops(out, run, SpeedBench.ops(model, plan, global.seed()));
      }
      json.print(spec.commandLine().getOut(), run, this::text);
    } catch (RuntimeException e) {
      throw memory.judge(e, spec.commandLine().getErr());
    } catch (OutOfMemoryError e) {
      throw memory.answer(e, spec.commandLine().getErr());
    }
    return 0;
  }

  private String defaultName(ModelConfig config, CacheOptions.Choice cache) {
    String policy = cache.settings().policy().name();
    String all =
        config.name()
            + generation.size().map(s -> "-" + s).orElse("")
            + "-"
            + global.dtype()
            + "-b"
            + batch
            + "-"
            + policy
            + (cache.budget() == null ? "" : "-" + cache.budget())
            + (noImage ? "-codes" : "");
    return all.replaceAll("[^A-Za-z0-9.-]+", "_");
  }

  private String text(SpeedRun r) {
    return String.format(
        Locale.ROOT,
        "%s: %.3f s a batch of %d [%.3f, %.3f]: text %.3f, maps %.3f, tokenizer %.3f%n"
            + "%.2f GFLOP (linear %.2f, attention %.2f, tokenizer %.2f) at %.1f GFLOP/s%n"
            + "matrix products: fp32 %.1f GFLOP/s, bf16 %.1f GFLOP/s; %.0f %% of the limit%n"
            + "KV cache %.2f MiB, peak RSS %s MiB (%s MiB when loaded)%n"
            + "%s%s",
        r.name(),
        r.median(SpeedRun.Generation::seconds),
        batch,
        r.range()[0],
        r.range()[1],
        r.median(SpeedRun.Generation::textSeconds),
        r.median(SpeedRun.Generation::mapSeconds),
        r.median(SpeedRun.Generation::tokenizerSeconds),
        r.gflop().all(),
        r.linearGflop(),
        r.gflop().attention(),
        r.gflop().tokenizer(),
        r.gflopPerSecond(),
        r.rates().medianFp32(),
        r.rates().medianBf16(),
        100 * r.ofLimit(),
        r.memory().kvBytes() / (double) (1 << 20),
        shown(r.memory().peakRssMiB()),
        shown(r.memory().loadedRssMiB()),
        out.resolve("speed.md"),
        ops ? System.lineSeparator() + out.resolve("ops-" + r.name() + ".md") : "");
  }

  private static String shown(Long mib) {
    return mib == null ? "n/a" : mib.toString();
  }
}
