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
import io.scalekv.io.Require;
import io.scalekv.io.Software;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Ladder;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Prompt;
import io.scalekv.roles.Calibration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.statistics.descriptive.Median;

/** Executor of runs on a model in this process. */
public final class RunExecutor implements AutoCloseable {
  /**
   * What all runs of a session share.
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
  private final RunCalibrations calibrations;

  /**
   * @param model the model, which is not closed with this; null where only {@link Run.Kind#MEMORY}
   *     is run
   */
  public RunExecutor(ModelConfig config, ImageModel model, Context context) {
    this.config = config;
    this.model = model;
    this.context = context;
    this.nets = new FeatureNets(model, context.nets());
    this.references = new ReferenceStore(context.referenceRoot(), model);
    this.calibrations = new RunCalibrations(model, context.shipped(), context.texts());
  }

  /** What a run gives, before its provenance is known. */
  private record Outcome(
      RunResult.Memory memory,
      RunResult.Latency latency,
      Measurements measurements,
      RunResult.Attention attention,
      double generateSeconds) {}

  /**
   * Runs a run.
   *
   * @param images folder that gets the run's images, or null
   */
  public RunResult run(Run run, Path images, RunListener listener) throws IOException {
    checkModel(run);
    if (run.kind().compared()) {
      references.get(run, texts(run), listener);
    }
    // the time of the references belongs to no run
    Instant started = Clock.systemUTC().instant();
    long begin = System.nanoTime();
    ProcessMemory.resetPeak();
    Outcome outcome =
        switch (run.kind()) {
          case POLICY, OTHER_SEED, DISTORTION -> measured(run, images, listener);
          case MEMORY -> new Outcome(formula(run, null), null, null, null, 0);
          case LATENCY -> latency(run, listener);
          case ATTENTION -> attention(run, listener);
        };
    Measurements m = outcome.measurements();
    Map<String, Interval> metrics = m == null ? Map.of() : m.scoring().summary();
    RunResult.Provenance provenance =
        new RunResult.Provenance(
            context.experiment(),
            context.specSha256(),
            context.commit(),
            context.software(),
            context.machine(),
            started.truncatedTo(ChronoUnit.SECONDS).toString(),
            rounded((System.nanoTime() - begin) / 1e9),
            rounded(outcome.generateSeconds()),
            ProcessMemory.peakRssMiB());
    return new RunResult(
        RunResult.SCHEMA_VERSION,
        run.id(),
        run,
        provenance,
        outcome.memory(),
        outcome.latency(),
        metrics,
        m == null ? null : m.bitAgreementByMap(),
        m == null ? List.of() : m.scoring().notes(),
        m == null ? List.of() : m.images(),
        outcome.attention());
  }

  /** Draws one batch of the reference images of a run, if it is not there. */
  void drawReferences(Run run, int batch) throws IOException {
    checkModel(run);
    references.draw(run, texts(run), batch);
  }

  /** Checks all reference images of a run; what is missing is drawn. */
  void completeReferences(Run run, RunListener listener) throws IOException {
    checkModel(run);
    references.get(run, texts(run), listener);
  }

  private static double rounded(double seconds) {
    return Math.round(seconds * 1000) / 1000.0;
  }

  private void checkModel(Run run) {
    String name = run.model().name();
    Require.that(
        name.equals(config.name()),
        "model must be %s, that of the run, got %s",
        name,
        config.name());
    if (run.kind() != Run.Kind.MEMORY) {
      String weights = run.model().weights();
      String own = model.weightHash();
      Require.that(
          own.equals(weights), "weights must be %s, those of the run, got %s", weights, own);
    }
  }

  private List<String> texts(Run run) {
    return context.texts().get(run.prompts().sha256());
  }

  private Outcome measured(Run run, Path images, RunListener listener) throws IOException {
    List<String> texts = texts(run);
    ReferenceStore.References full = references.get(run, texts, listener);
    Measurements measurements = new Measurements(run, texts, config::caption, nets, full);
    boolean drawn = run.kind() != Run.Kind.DISTORTION;
    CacheSettings settings = drawn ? settings(run, listener) : null;
    CacheMeter meter =
        new CacheMeter(config.geometry().layers(), run.generation().schedule().size());
    long shift = run.kind() == Run.Kind.OTHER_SEED ? run.prompts().seeds() : 0;
    int count = run.prompts().images();
    int batch = run.generation().batch();
    double seconds = 0;
    for (int at = 0; at < count; at += batch) {
      int end = Math.min(count, at + batch);
      List<RgbImage> part;
      List<TokenBits> bits = null;
      if (drawn) {
        BitRecorder recorder = new BitRecorder();
        List<Prompt> prompts = run.prompts().images(texts, at, end, shift);
        long begin = System.nanoTime();
        part =
            model.draw(
                run.drawing(),
                prompts,
                settings,
                List.of(),
                GenerationListener.all(List.of(meter, recorder)));
        seconds += (System.nanoTime() - begin) / 1e9;
        bits = recorder.images().stream().map(TokenBits::new).toList();
      } else {
        List<Ladder> rungs = List.of(Ladder.values());
        Ladder rung = Require.oneOf("distortion", run.distortion(), rungs, Ladder::label);
        part = full.images(at, end).stream().map(rung::apply).toList();
      }
      measurements.accept(at, part, bits, shift);
      if (images != null) {
        write(part, run.prompts(), at, shift, images);
      }
      listener.step(end + " of " + count + " images");
    }
    return new Outcome(drawn ? formula(run, meter) : null, null, measurements, null, seconds);
  }

  private static void write(
      List<RgbImage> part, Run.Prompts prompts, int at, long shift, Path folder)
      throws IOException {
    for (int i = 0; i < part.size(); i++) {
      String name = Run.Prompts.file(prompts.promptOf(at + i), prompts.seedOf(at + i) + shift);
      AtomicFile.write(folder.resolve(name), Png.encode(part.get(i)));
    }
  }

  private CacheSettings settings(Run run, RunListener listener) {
    Run.Policy p = run.policy();
    CachePolicy conditional = policy(run, p.budgetTokens(), listener);
    CachePolicy unconditional =
        p.unconditionalTokens() == null ? null : policy(run, p.unconditionalTokens(), listener);
    return new CacheSettings(conditional, unconditional, p.keyType(), p.valueType());
  }

  private CachePolicy policy(Run run, int tokens, RunListener listener) {
    return Policies.create(
        PolicySpec.parse(run.policy().name()),
        new PolicyContext(
            run.generation().maps(),
            config.geometry(),
            tokens,
            run.prompts().firstSeed(),
            calibrations.of(run, tokens, listener)));
  }

  /** Bytes by formula, and what was measured if there is a meter. */
  private RunResult.Memory formula(Run run, CacheMeter meter) {
    Run.Policy p = run.policy();
    ScaleSchedule schedule = run.generation().maps();
    MemoryModel memory = memory(run.drawing(), run);
    long formula =
        memory.nominalBytes(
            p.budgetTokens(),
            p.unconditionalTokens() == null ? p.budgetTokens() : p.unconditionalTokens(),
            schedule);
    long full = memory.fullBytes(schedule);
    return new RunResult.Memory(
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
        memory.branches(),
        run.generation().batch());
  }

  private MemoryModel memory(Drawing drawing, Run run) {
    Run.Policy p = run.policy();
    return drawing.memory(config.geometry(), p.keyType(), p.valueType(), run.generation().batch());
  }

  /** Times of the policy and the full cache, interleaved so that drift affects both. */
  private Outcome latency(Run run, RunListener listener) {
    List<String> texts = texts(run);
    List<Prompt> prompts = new ArrayList<>();
    for (int b = 0; b < run.generation().batch(); b++) {
      long seed = run.prompts().firstSeed() + b / texts.size();
      prompts.add(new Prompt(texts.get(b % texts.size()), seed));
    }
    CacheSettings settings = settings(run, listener);
    CacheSettings full = model.fullCache(run.generation().maps());
    CacheMeter meter =
        new CacheMeter(config.geometry().layers(), run.generation().schedule().size());
    Drawing drawing = run.drawing();
    Drawing whole = run.generation().drawing(run.prompts().firstSeed());
    double total = seconds(drawing, prompts, settings, meter);
    total += seconds(whole, prompts, full, GenerationListener.NONE);
    List<Double> own = new ArrayList<>();
    List<Double> ofFull = new ArrayList<>();
    for (int r = 0; r < run.repeats(); r++) {
      own.add(seconds(drawing, prompts, settings, GenerationListener.NONE));
      ofFull.add(seconds(whole, prompts, full, GenerationListener.NONE));
      total += own.get(r) + ofFull.get(r);
      listener.step("repeat " + (r + 1));
    }
    RunResult.Latency latency = new RunResult.Latency(own, median(own), ofFull, median(ofFull));
    return new Outcome(formula(run, meter), latency, null, null, total);
  }

  private Outcome attention(Run run, RunListener listener) {
    long begin = System.nanoTime();
    CurrentAttention shares = CurrentAttention.of(model, run, texts(run), listener);
    return new Outcome(null, null, null, shares.result(), (System.nanoTime() - begin) / 1e9);
  }

  private double seconds(
      Drawing drawing, List<Prompt> prompts, CacheSettings cache, GenerationListener listener) {
    long begin = System.nanoTime();
    model.draw(drawing, prompts, cache, List.of(), listener);
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
