package io.scalekv.bench;

import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.experiment.MapMeter;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityModelConfig;
import io.scalekv.scene.SceneSampler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/**
 * Measures whole generations: a warm-up, then so many repeats, with samples of the matrix rate in
 * turn, so that what slows the machine down slows both.
 */
public final class SpeedBench {
  /**
   * What is drawn.
   *
   * @param drawing how the images are drawn
   * @param cache of the layers
   * @param batch images drawn together
   * @param images whether pixels are made too; else codes alone
   * @param repeats generations that count
   */
  public record Plan(
      Drawing drawing, CacheSettings cache, int batch, boolean images, int repeats) {}

  /** What was measured, without its provenance. */
  public record Measured(
      SpeedRun.Gflop gflop,
      SpeedRun.Rates rates,
      List<SpeedRun.Generation> generations,
      SpeedRun.Memory memory,
      List<MapMeter.Cost> maps,
      int textTokens,
      int rows) {}

  /** Tells the stages of a generation apart and counts what attention reads. */
  private static final class Stages implements GenerationListener {
    private final Geometry geometry;
    private final CacheSettings cache;
    private final int last;
    private long firstBegun;
    private long lastEnded;
    private int rows;
    private double attention;

    Stages(Geometry geometry, ScaleSchedule schedule, CacheSettings cache) {
      this.geometry = geometry;
      this.cache = cache;
      this.last = schedule.scales() - 1;
    }

    @Override
    public void scaleBegins(int scale, int batchRows) {
      if (scale == 0) {
        firstBegun = System.nanoTime();
        attention = 0;
        rows = batchRows;
      }
    }

    @Override
    public void attended(int branch, SelectionInputs a) {
      boolean before =
          (branch == 0 || cache.unconditional() == null ? cache.policy() : cache.unconditional())
              .selectsBeforeAttention();
      for (int budget : a.budget()) {
        int keys = before ? Math.min(budget, a.tokens()) : a.tokens();
        double rowsTimesWidth = (double) a.rows() * geometry.headWidth();
        attention += GenerationFlops.attention(rowsTimesWidth, a.current(), keys);
      }
    }

    @Override
    public void scaleEnds(int scale) {
      if (scale == last) {
        lastEnded = System.nanoTime();
      }
    }
  }

  private static final double NANOS = 1e9;
  private static final double GIGA = 1e9;

  private SpeedBench() {}

  /** Prompts for a measurement: scene captions for the pocket models, else one sentence. */
  public static List<Prompt> prompts(ModelConfig config, int count, long seed) {
    SceneSampler scenes =
        SceneSampler.of(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
    boolean words = config.drawsScenes();
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new Prompt(
                    words
                        ? scenes.next().caption()
                        : "a lighthouse on a cliff at dusk above a calm sea, photograph",
                    seed + i))
        .toList();
  }

  /**
   * Measures.
   *
   * @param model loaded, with its tokenizer where images are wanted
   * @param progress told after every generation, the warm-up too
   */
  public static Measured run(
      ImageModel model, Plan plan, long seed, GemmRate gemm, Consumer<String> progress) {
    ModelConfig config = model.config();
    List<Prompt> prompts = prompts(config, plan.batch(), seed);
    int textTokens = model.textTokens(prompts.stream().map(Prompt::text).toList());
    List<Double> fp32 = new ArrayList<>();
    List<Double> bf16 = new ArrayList<>();
    gemm.fp32();
    gemm.bf16();
    Long loaded = ResidentSet.kib();
    MapMeter maps = new MapMeter(config, plan.drawing().schedule());
    Stages stages = new Stages(config.geometry(), plan.drawing().schedule(), plan.cache());
    List<SpeedRun.Generation> generations = new ArrayList<>();
    for (int r = 0; r <= plan.repeats(); r++) {
      if (r > 0) {
        fp32.add(gemm.fp32());
        bf16.add(gemm.bf16());
      }
      double cpu = ProcessMemory.cpuSeconds();
      long begun = System.nanoTime();
      draw(model, plan, prompts, GenerationListener.all(List.of(maps, stages)));
      long ended = System.nanoTime();
      SpeedRun.Generation g =
          new SpeedRun.Generation(
              (stages.firstBegun - begun) / NANOS,
              (stages.lastEnded - stages.firstBegun) / NANOS,
              plan.images() ? (ended - stages.lastEnded) / NANOS : 0,
              ProcessMemory.cpuSeconds() - cpu);
      if (r > 0) {
        generations.add(g);
      }
      progress.accept(
          String.format(Locale.ROOT, "%s%.3f s", r == 0 ? "(warm-up) " : "", g.seconds()));
    }
    fp32.add(gemm.fp32());
    bf16.add(gemm.bf16());
    return new Measured(
        gflop(config, plan, stages, textTokens),
        new SpeedRun.Rates(fp32, bf16),
        generations,
        new SpeedRun.Memory(
            maps.maps().stream().mapToLong(MapMeter.Cost::kvBytes).max().orElse(0),
            loaded == null ? null : Long.valueOf(loaded / 1024),
            maps.maps().stream()
                .map(MapMeter.Cost::peakRssMiB)
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder())
                .orElse(null)),
        maps.maps(),
        textTokens,
        stages.rows);
  }

  /**
   * The native operations of one batch more, longest first.
   *
   * @param seed as the measured batches had it
   */
  public static List<SpeedRun.NativeOp> ops(ImageModel model, Plan plan, long seed)
      throws IOException {
    List<Prompt> prompts = prompts(model.config(), plan.batch(), seed);
    return OpProfile.of(() -> draw(model, plan, prompts)).stream()
        .map(o -> new SpeedRun.NativeOp(o.name(), o.calls(), o.seconds()))
        .toList();
  }

  /** One batch, seen by nobody. */
  static void draw(ImageModel model, Plan plan, List<Prompt> prompts) {
    draw(model, plan, prompts, GenerationListener.NONE);
  }

  private static void draw(
      ImageModel model, Plan plan, List<Prompt> prompts, GenerationListener listener) {
    if (plan.images()) {
      model.draw(plan.drawing(), prompts, plan.cache(), List.of(), listener);
    } else {
      model.drawCodes(plan.drawing(), prompts, plan.cache(), List.of(), listener);
    }
  }

  private static SpeedRun.Gflop gflop(
      ModelConfig config, Plan plan, Stages stages, int textTokens) {
    InfinityModelConfig infinity = InfinityModelConfig.cast(config);
    InfinityConfig c = infinity.transformer();
    ScaleSchedule s = plan.drawing().schedule();
    int rows = stages.rows;
    int patch = c.patchify() ? 2 : 1;
    double decoder =
        plan.images()
            ? GenerationFlops.decoder(
                infinity.tokenizer(),
                plan.batch(),
                patch * s.last().height(),
                patch * s.last().width())
            : 0;
    return new SpeedRun.Gflop(
        GenerationFlops.text(c, rows, textTokens) / GIGA,
        GenerationFlops.blocks(c, rows, s.totalTokens()) / GIGA,
        GenerationFlops.head(c, rows, plan.batch(), s) / GIGA,
        (stages.attention + GenerationFlops.crossAttention(c, rows, textTokens, s)) / GIGA,
        decoder / GIGA);
  }
}
