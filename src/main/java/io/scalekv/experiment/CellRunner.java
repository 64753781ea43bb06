package io.scalekv.experiment;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Software;
import io.scalekv.metrics.Ladder;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.roles.Calibration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.statistics.descriptive.Median;

/** Runs cells in this process. */
public final class CellRunner implements AutoCloseable {
  /**
   * What stays the same for all cells of a run.
   *
   * @param experiment name of the experiment
   * @param specSha256 hash of its file
   * @param commit of the sources
   * @param software versions
   * @param machine computer
   * @param referenceRoot folder of the reference images
   * @param texts prompts by hash
   * @param shipped calibration that comes with the model
   * @param nets the user's nets
   */
  public record Context(
      String experiment,
      String specSha256,
      String commit,
      Software software,
      Machine machine,
      Path referenceRoot,
      PromptTexts texts,
      Optional<Calibration> shipped,
      UserNets nets) {}

  private final ModelConfig config;
  private final ImageModel model;
  private final Context context;
  private final FeatureNets nets;
  private final ReferenceStore references;
  private final CellCalibrations calibrations;

  /**
   * @param model the model, which is not closed with this; null where only {@link Cell.Kind#MEMORY}
   *     is run
   */
  public CellRunner(ModelConfig config, ImageModel model, Context context) {
    this.config = config;
    this.model = model;
    this.context = context;
    this.nets = new FeatureNets(model, context.nets());
    this.references = new ReferenceStore(context.referenceRoot(), model);
    this.calibrations = new CellCalibrations(model, context.shipped(), context.texts());
  }

  /** What a cell gives, before its provenance is known. */
  private record Outcome(
      CellResult.Memory memory,
      CellResult.Latency latency,
      Measurements measurements,
      CellResult.Attention attention,
      double generateSeconds) {}

  /**
   * Runs a cell.
   *
   * @param images folder that gets the cell's images, or null
   */
  public CellResult run(Cell cell, Path images, RunListener listener) throws IOException {
    checkModel(cell);
    if (cell.kind().compared()) {
      references.get(cell, texts(cell), listener);
    }
    // the time of the references belongs to no cell
    Instant started = Clock.systemUTC().instant();
    long begin = System.nanoTime();
    ProcessMemory.resetPeak();
    Outcome outcome =
        switch (cell.kind()) {
          case POLICY, OTHER_SEED, DISTORTION -> measured(cell, images, listener);
          case MEMORY -> new Outcome(formula(cell, null), null, null, null, 0);
          case LATENCY -> latency(cell, listener);
          case ATTENTION -> attention(cell, listener);
        };
    List<String> notes = new ArrayList<>();
    Measurements m = outcome.measurements();
    Map<String, MetricValue> metrics = m == null ? Map.of() : m.metrics(notes);
    CellResult.Provenance provenance =
        new CellResult.Provenance(
            context.experiment(),
            context.specSha256(),
            context.commit(),
            context.software(),
            context.machine(),
            started.truncatedTo(ChronoUnit.SECONDS).toString(),
            rounded((System.nanoTime() - begin) / 1e9),
            rounded(outcome.generateSeconds()),
            ProcessMemory.peakRssMiB());
    return new CellResult(
        CellResult.SCHEMA_VERSION,
        cell.id(),
        cell,
        provenance,
        outcome.memory(),
        outcome.latency(),
        metrics,
        m == null ? null : m.bitAgreementByMap(),
        notes,
        m == null ? List.of() : m.images(),
        outcome.attention());
  }

  /** Draws one batch of the reference images of a cell, if it is not there. */
  void drawReferences(Cell cell, int batch) throws IOException {
    checkModel(cell);
    references.draw(cell, texts(cell), batch);
  }

  /** Checks all reference images of a cell; what is missing is drawn. */
  void completeReferences(Cell cell, RunListener listener) throws IOException {
    checkModel(cell);
    references.get(cell, texts(cell), listener);
  }

  private static double rounded(double seconds) {
    return Math.round(seconds * 1000) / 1000.0;
  }

  private void checkModel(Cell cell) {
    if (!cell.model().name().equals(config.name())) {
      throw new IllegalArgumentException(
          "cell of model " + cell.model().name() + " expected to run on it, got " + config.name());
    }
    if (cell.kind() != Cell.Kind.MEMORY && !model.weightHash().equals(cell.model().weights())) {
      throw new IllegalArgumentException(
          "cell of weights "
              + cell.model().weights()
              + " expected to run on them, got "
              + model.weightHash());
    }
  }

  private List<String> texts(Cell cell) {
    return context.texts().get(cell.prompts().sha256());
  }

  private Outcome measured(Cell cell, Path images, RunListener listener) throws IOException {
    List<String> texts = texts(cell);
    ReferenceStore.References full = references.get(cell, texts, listener);
    Measurements measurements = new Measurements(cell, texts, nets, full);
    boolean drawn = cell.kind() != Cell.Kind.DISTORTION;
    CacheSettings settings = drawn ? settings(cell, listener) : null;
    CacheMeter meter =
        new CacheMeter(config.geometry().layers(), cell.generation().schedule().size());
    long shift = cell.kind() == Cell.Kind.OTHER_SEED ? cell.prompts().seeds() : 0;
    int count = cell.prompts().images();
    int batch = cell.generation().batch();
    double seconds = 0;
    listener.begun(RunListener.Task.IMAGES, (count + batch - 1) / batch);
    try {
      for (int at = 0; at < count; at += batch) {
        int end = Math.min(count, at + batch);
        List<RgbImage> part;
        List<TokenBits> bits = null;
        if (drawn) {
          BitRecorder recorder = new BitRecorder();
          List<Prompt> prompts = CellImages.prompts(cell.prompts(), texts, at, end, shift);
          long begin = System.nanoTime();
          part =
              generate(cell, prompts, settings, GenerationListener.all(List.of(meter, recorder)));
          seconds += (System.nanoTime() - begin) / 1e9;
          bits = recorder.images().stream().map(TokenBits::new).toList();
        } else {
          part = full.images(at, end).stream().map(rung(cell.distortion())::apply).toList();
        }
        measurements.accept(at, part, bits, shift);
        if (images != null) {
          write(part, cell.prompts(), at, shift, images);
        }
        listener.step(end + " of " + count + " images");
      }
    } finally {
      listener.ended();
    }
    return new Outcome(drawn ? formula(cell, meter) : null, null, measurements, null, seconds);
  }

  private static Ladder rung(String label) {
    return Arrays.stream(Ladder.values())
        .filter(r -> r.label().equals(label))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("distortion: jpeg 90 and such, got " + label));
  }

  private static void write(
      List<RgbImage> part, Cell.Prompts prompts, int at, long shift, Path folder)
      throws IOException {
    for (int i = 0; i < part.size(); i++) {
      String name =
          CellImages.name(prompts.promptOf(at + i), prompts.seedOf(at + i) + shift) + ".png";
      AtomicFile.write(folder.resolve(name), Png.encode(part.get(i)));
    }
  }

  private List<RgbImage> generate(
      Cell cell, List<Prompt> prompts, CacheSettings cache, GenerationListener listener) {
    return generate(cell, prompts, cache, List.of(), listener);
  }

  private List<RgbImage> generate(
      Cell cell,
      List<Prompt> prompts,
      CacheSettings cache,
      List<AttentionTap> taps,
      GenerationListener listener) {
    return model.draw(
        cell.generation().drawing(cell.prompts().firstSeed()), prompts, cache, taps, listener);
  }

  private CacheSettings settings(Cell cell, RunListener listener) {
    Cell.Policy p = cell.policy();
    CachePolicy conditional = policy(cell, p.budgetTokens(), listener);
    CachePolicy unconditional =
        p.unconditionalTokens() == null ? null : policy(cell, p.unconditionalTokens(), listener);
    return new CacheSettings(conditional, unconditional, p.keyType(), p.valueType());
  }

  private CachePolicy policy(Cell cell, int tokens, RunListener listener) {
    return Policies.create(
        PolicySpec.parse(cell.policy().name()),
        new PolicyContext(
            cell.generation().maps(),
            config.geometry(),
            tokens,
            cell.prompts().firstSeed(),
            calibrations.of(cell, tokens, listener)));
  }

  /** Bytes by formula, and what was measured if there is a meter. */
  private CellResult.Memory formula(Cell cell, CacheMeter meter) {
    Cell.Policy p = cell.policy();
    ScaleSchedule schedule = cell.generation().maps();
    int branches = cell.generation().branches();
    int maps = schedule.scales() - 1;
    long formula =
        p.unconditionalTokens() == null
            ? memory(cell, branches).bytes(p.budgetTokens(), maps)
            : memory(cell, 1).bytes(p.budgetTokens(), maps)
                + memory(cell, 1).bytes(p.unconditionalTokens(), maps);
    long full = memory(cell, branches).fullBytes(schedule);
    return new CellResult.Memory(
        p.budgetTokens(),
        meter == null ? null : meter.meanTokens(),
        meter == null ? null : meter.peakTokens(),
        meter == null ? null : meter.mostBytes(),
        meter == null ? null : meter.peakBytes(),
        meter == null ? null : meter.mostAllocatedBytes(),
        formula,
        full,
        100.0 * (meter == null ? formula : meter.peakBytes()) / full,
        p.keyType(),
        p.valueType(),
        branches,
        cell.generation().batch());
  }

  private MemoryModel memory(Cell cell, int branches) {
    return config
        .geometry()
        .memory(
            cell.policy().keyType(),
            cell.policy().valueType(),
            branches,
            cell.generation().batch());
  }

  /** Times of the policy and the full cache, interleaved so that drift affects both. */
  private Outcome latency(Cell cell, RunListener listener) {
    List<String> texts = texts(cell);
    List<Prompt> prompts = new ArrayList<>();
    for (int b = 0; b < cell.generation().batch(); b++) {
      long seed = cell.prompts().firstSeed() + b / texts.size();
      prompts.add(new Prompt(texts.get(b % texts.size()), seed));
    }
    CacheSettings settings = settings(cell, listener);
    CacheSettings full = model.fullCache(cell.generation().maps());
    CacheMeter meter =
        new CacheMeter(config.geometry().layers(), cell.generation().schedule().size());
    double total = seconds(cell, prompts, settings, meter);
    total += seconds(cell, prompts, full, GenerationListener.NONE);
    List<Double> own = new ArrayList<>();
    List<Double> ofFull = new ArrayList<>();
    listener.begun(RunListener.Task.TIMES, cell.repeats());
    try {
      for (int r = 0; r < cell.repeats(); r++) {
        own.add(seconds(cell, prompts, settings, GenerationListener.NONE));
        ofFull.add(seconds(cell, prompts, full, GenerationListener.NONE));
        total += own.get(r) + ofFull.get(r);
        listener.step("repeat " + (r + 1));
      }
    } finally {
      listener.ended();
    }
    CellResult.Latency latency = new CellResult.Latency(own, median(own), ofFull, median(ofFull));
    return new Outcome(formula(cell, meter), latency, null, null, total);
  }

  private Outcome attention(Cell cell, RunListener listener) {
    List<String> texts = texts(cell);
    CurrentAttention shares = new CurrentAttention(config.geometry(), cell);
    int count = cell.prompts().images();
    int batch = cell.generation().batch();
    CacheSettings full = model.fullCache(cell.generation().maps());
    long begin = System.nanoTime();
    listener.begun(RunListener.Task.ATTENTION, (count + batch - 1) / batch);
    try {
      for (int at = 0; at < count; at += batch) {
        int end = Math.min(count, at + batch);
        AttentionProfiler profiler = shares.profiler(at, end);
        generate(
            cell,
            CellImages.prompts(cell.prompts(), texts, at, end, 0),
            full,
            List.of(profiler),
            GenerationListener.NONE);
        shares.accept(profiler.statistics());
        listener.step(end + " of " + count + " images");
      }
    } finally {
      listener.ended();
    }
    return new Outcome(null, null, null, shares.result(), (System.nanoTime() - begin) / 1e9);
  }

  private double seconds(
      Cell cell, List<Prompt> prompts, CacheSettings cache, GenerationListener listener) {
    long begin = System.nanoTime();
    generate(cell, prompts, cache, listener);
    return (System.nanoTime() - begin) / 1e9;
  }

  private static double median(List<Double> values) {
    return Median.withDefaults().evaluate(values.stream().mapToDouble(v -> v).toArray());
  }

  @Override
  public void close() {
    nets.close();
  }
}
