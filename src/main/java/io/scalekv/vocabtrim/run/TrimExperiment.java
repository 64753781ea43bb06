package io.scalekv.vocabtrim.run;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.decode.SpeculativeDecoder;
import io.scalekv.vocabtrim.lm.BatchDecoder.Text;
import io.scalekv.vocabtrim.lm.Eagle;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import io.scalekv.vocabtrim.measure.DraftCost;
import io.scalekv.vocabtrim.measure.GreedyTrace;
import io.scalekv.vocabtrim.measure.SampledTrace;
import io.scalekv.vocabtrim.measure.TextVariety;
import io.scalekv.vocabtrim.measure.Trace;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.run.TrimResult.Curve;
import io.scalekv.vocabtrim.run.TrimResult.Point;
import io.scalekv.vocabtrim.run.TrimSpec.Run;
import io.scalekv.vocabtrim.text.Documents;
import io.scalekv.vocabtrim.text.FolderText;
import io.scalekv.vocabtrim.trim.FrequencyRanking;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Experiment on a pair: measures every run whose result file is missing. */
public final class TrimExperiment {
  private final ModelPair pair;
  private final TrimSpec spec;
  private final int threads;
  private final Consumer<String> log;
  private final Responses texts;
  private final Documents source;

  /**
   * Creates an experiment on the texts of its specification; it does not own the pair.
   *
   * @param threads of one tensor operation, for the provenance
   */
  public TrimExperiment(ModelPair pair, TrimSpec spec, int threads, Consumer<String> log) {
    this(
        pair,
        spec,
        spec.text() == null ? ShippedPair.language() : FolderText.read(Path.of(spec.text())),
        null,
        threads,
        log);
  }

  /**
   * Creates an experiment; it does not own the pair.
   *
   * @param source of the prompts
   * @param texts folder of the target's texts to calibrate on; null to generate them
   * @param threads of one tensor operation, for the provenance
   */
  public TrimExperiment(
      ModelPair pair,
      TrimSpec spec,
      Documents source,
      Path texts,
      int threads,
      Consumer<String> log) {
    this.pair = pair;
    this.spec = spec;
    this.threads = threads;
    this.log = log;
    this.source = source;
    this.texts = new Responses(pair, source, texts, log);
  }

  /**
   * Measures the missing runs.
   *
   * @param folder of the results; one file per run in its folder {@code runs}
   * @return all results, in the order of the specification
   */
  public List<TrimResult> run(Path folder) throws IOException {
    List<Run> runs = spec.runs(pair.hash(), pair.target().vocabulary(), source.description());
    List<TrimResult> results = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      Run run = runs.get(i);
      Path file = folder.resolve("runs").resolve(run.id() + ".json");
      String place = "run " + (i + 1) + "/" + runs.size() + ": " + run.label();
      boolean done = Files.isRegularFile(file);
      log.accept(done ? place + ": already done" : place);
      if (!done) {
        CanonicalJson.write(file, measure(run));
      }
      results.add(Json.read(file, TrimResult.class));
    }
    return results;
  }

  private TrimResult measure(Run run) {
    long start = System.nanoTime();
    int vocabulary = pair.target().vocabulary();
    List<Text> responses = texts.measured(run);
    TokenCounts counts = TokenCounts.create(vocabulary);
    texts.calibration(run).forEach(t -> counts.accept(t.tokens()));
    FrequencyRanking ranking =
        FrequencyRanking.of(counts, run.source().equals("order") ? List.of() : pair.special());
    TokenCounts generated = TokenCounts.create(vocabulary);
    responses.forEach(t -> generated.accept(t.tokens()));
    DraftCost cost = cost(pair);
    List<Trace> traces = traces(run, responses, ranking.ranks());
    return new TrimResult(
        run,
        cost,
        TextVariety.of(responses.stream().map(Text::tokens).toList()),
        counts.total(),
        counts.distinct(),
        run.settings().sizes().stream().map(k -> generated.coverage(ranking.retained(k))).toList(),
        run.settings().gammas().stream().map(gamma -> curve(run, traces, cost, gamma)).toList(),
        run.settings().loop() == null ? List.of() : loops(run, responses, ranking, traces),
        new TrimResult.Provenance(
            SourceCommit.current(),
            Machine.here(threads),
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            (System.nanoTime() - start) / 1e9));
  }

  /** Returns the cost of the draft model without embedding, relative to the whole target. */
  private static DraftCost cost(ModelPair pair) {
    long target = pair.target().config().parameters();
    return new DraftCost(pair.draft().bodyParameters(), pair.draft().width(), target);
  }

  private static int[] sizes(Run run) {
    return run.settings().sizes().stream().mapToInt(k -> k).toArray();
  }

  private List<Trace> traces(Run run, List<Text> responses, int[] ranks) {
    double t = run.temperature();
    if (pair.draft() instanceof Eagle) {
      Require.that(t == 0, "temperature beside an EAGLE draft model must be 0, got %s", t);
      return chains(run, responses, ranks);
    }
    List<Trace> traces = new ArrayList<>();
    for (Text r : responses) {
      traces.add(
          t == 0
              ? new GreedyTrace(ranks, r.stopped(), 1)
              : new SampledTrace(ranks, sizes(run), t, r.stopped()));
    }
    List<double[]> probabilities = texts.probabilities(run);
    Responses.teacherForce(
        (Llama) pair.draft(),
        responses,
        (r, i, logits) -> {
          int token = responses.get(r).tokens()[i];
          traces.get(r).accept(probabilities.get(r)[i], logits, token);
        });
    return traces;
  }

  private List<Trace> chains(Run run, List<Text> responses, int[] ranks) {
    int places = run.settings().gammas().stream().mapToInt(g -> g).max().orElseThrow();
    List<int[][][]> preferred = texts.preferred(run, places);
    List<Trace> traces = new ArrayList<>();
    for (int r = 0; r < responses.size(); r++) {
      GreedyTrace trace = new GreedyTrace(ranks, responses.get(r).stopped(), places);
      int[] tokens = responses.get(r).tokens();
      for (int i = 0; i < tokens.length; i++) {
        trace.accept(tokens[i], preferred.get(r)[i]);
      }
      traces.add(trace);
    }
    return traces;
  }

  private static Curve curve(Run run, List<Trace> traces, DraftCost cost, int gamma) {
    Bootstrap bootstrap = new Bootstrap(2000, run.settings().seed());
    int[] sizes = sizes(run);
    double[][] calls = new double[sizes.length][traces.size()];
    double[] tokens = new double[traces.size()];
    double[] tau = new double[sizes.length];
    double[] speedUp = new double[sizes.length];
    List<Point> points = new ArrayList<>();
    for (int s = 0; s < sizes.length; s++) {
      BlockStatistics all = BlockStatistics.none(gamma);
      for (int p = 0; p < tokens.length; p++) {
        BlockStatistics one = traces.get(p).blocks(sizes[s], gamma);
        calls[s][p] = one.calls();
        tokens[p] = one.tokens();
        all = all.plus(one);
      }
      Interval ratio = bootstrap.ratio(tokens, calls[s]);
      tau[s] = ratio.mean();
      speedUp[s] = cost.mbsu(1, sizes[s], gamma);
      points.add(
          new Point(
              sizes[s],
              ratio,
              ratio.times(speedUp[s]),
              Arrays.stream(all.acceptance()).takeWhile(a -> !Double.isNaN(a)).boxed().toList(),
              all.outside() / all.tokens(),
              all.wrong() / all.tokens()));
    }
    int best = cost.best(sizes, tau, gamma);
    int full = sizes.length - 1;
    Interval gain =
        bootstrap.ratioDifference(tokens, calls[best], calls[full], speedUp[best], speedUp[full]);
    return new Curve(gamma, points, best, gain, exactBest(run, traces, cost, gamma));
  }

  /** Returns the best of all k; null where drafts are sampled. */
  private static Integer exactBest(Run run, List<Trace> traces, DraftCost cost, int gamma) {
    if (run.temperature() > 0) {
      return null;
    }
    List<GreedyTrace> greedy = traces.stream().map(GreedyTrace.class::cast).toList();
    double[] tau = GreedyTrace.tau(greedy, gamma);
    int[] all = IntStream.range(1, tau.length).toArray();
    return all[cost.best(all, Arrays.copyOfRange(tau, 1, tau.length), gamma)];
  }

  /** Texts of the last pass of the real loop. */
  private final List<int[]> made = new ArrayList<>();

  /** Measures the real loop: one warm-up, which also counts, then the sizes interleaved. */
  private List<TrimResult.Loop> loops(
      Run run, List<Text> responses, FrequencyRanking ranking, List<Trace> traces) {
    int gamma = run.settings().gammas().get(0);
    List<Integer> sizes =
        run.settings().loop().sizes().stream().filter(run.settings().sizes()::contains).toList();
    int prompts = Math.min(run.settings().loop().prompts(), responses.size());
    int repetitions = run.settings().loop().repetitions();
    double[][] speeds = new double[sizes.size() + 1][repetitions];
    double[] tau = new double[sizes.size() + 1];
    int[] identical = new int[sizes.size() + 1];
    for (int r = -1; r < repetitions; r++) {
      log.accept("real loop: " + (r < 0 ? "warm-up" : "repetition " + (r + 1)));
      for (int s = 0; s <= sizes.size(); s++) {
        long start = System.nanoTime();
        BlockStatistics all =
            s == sizes.size()
                ? alone(run, responses.subList(0, prompts))
                : speculative(run, responses.subList(0, prompts), ranking.retained(sizes.get(s)));
        double seconds = (System.nanoTime() - start) / 1e9;
        tau[s] = all.tau();
        if (r >= 0) {
          speeds[s][r] = all.tokens() / seconds;
        }
        identical[s] = 0;
        for (int p = 0; p < prompts; p++) {
          identical[s] += Arrays.equals(made.get(p), responses.get(p).tokens()) ? 1 : 0;
        }
        made.clear();
      }
    }
    List<TrimResult.Loop> results = new ArrayList<>();
    for (int s = 0; s <= sizes.size(); s++) {
      Arrays.sort(speeds[s]);
      BlockStatistics all = BlockStatistics.none(gamma);
      for (int p = 0; p < prompts && s < sizes.size(); p++) {
        all = all.plus(traces.get(p).blocks(sizes.get(s), gamma));
      }
      results.add(
          new TrimResult.Loop(
              s < sizes.size() ? sizes.get(s) : 0,
              tau[s],
              s < sizes.size() ? all.tau() : 1,
              identical[s],
              prompts,
              (speeds[s][(repetitions - 1) / 2] + speeds[s][repetitions / 2]) / 2,
              speeds[s][0],
              speeds[s][repetitions - 1]));
    }
    return results;
  }

  private DecodeOptions options(Run run) {
    return new DecodeOptions(
        run.settings().gammas().get(0),
        run.settings().newTokens(),
        run.temperature(),
        texts.stop());
  }

  /** Generates with the target alone: every token is a call. */
  private BlockStatistics alone(Run run, List<Text> responses) {
    PlainDecoder plain = new PlainDecoder(pair.target());
    long tokens = 0;
    for (int p = 0; p < responses.size(); p++) {
      int[] prompt = responses.get(p).prompt();
      made.add(plain.generate(prompt, options(run), random(run, p)));
      tokens += made.get(p).length;
    }
    return new BlockStatistics(tokens, tokens, new double[0], new double[0], 0, 0);
  }

  private BlockStatistics speculative(Run run, List<Text> responses, VocabularySubset retained) {
    BlockStatistics all = BlockStatistics.none(run.settings().gammas().get(0));
    try (LanguageModel trimmed = pair.draft().withHead(retained)) {
      SpeculativeDecoder decoder = new SpeculativeDecoder(pair.target(), trimmed);
      for (int p = 0; p < responses.size(); p++) {
        int[] prompt = responses.get(p).prompt();
        SpeculativeDecoder.Generation text = decoder.generate(prompt, options(run), random(run, p));
        made.add(text.tokens());
        all = all.plus(text.statistics());
      }
    }
    return all;
  }

  private static SplittableRandom random(Run run, int prompt) {
    return new SplittableRandom(7_000_003L * (prompt + 1) + run.settings().seed());
  }
}
