package io.scalekv.vocabtrim.run;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.DecodeStatistics;
import io.scalekv.vocabtrim.decode.Generation;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.decode.SpeculativeDecoder;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import io.scalekv.vocabtrim.measure.DraftCost;
import io.scalekv.vocabtrim.measure.DraftTrace;
import io.scalekv.vocabtrim.measure.GreedySweep;
import io.scalekv.vocabtrim.measure.MbsuCurve;
import io.scalekv.vocabtrim.measure.RatioBootstrap;
import io.scalekv.vocabtrim.measure.RatioBootstrap.Estimate;
import io.scalekv.vocabtrim.measure.SampledTrace;
import io.scalekv.vocabtrim.measure.TextVariety;
import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.run.TrimResult.Curve;
import io.scalekv.vocabtrim.run.TrimResult.LoopResult;
import io.scalekv.vocabtrim.run.TrimResult.Point;
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

/** Runs the cells of an experiment; those whose file is there are not run again. */
public final class TrimExperiment {
  private final ModelPair pair;
  private final TrimSpec spec;
  private final int threads;
  private final Consumer<String> log;
  private final Texts texts;
  private final TextSource source;

  /**
   * An experiment on a pair, which it does not own.
   *
   * @param threads of one tensor operation, for the provenance
   * @param log told what is being done
   */
  public TrimExperiment(ModelPair pair, TrimSpec spec, int threads, Consumer<String> log) {
    this.pair = pair;
    this.spec = spec;
    this.threads = threads;
    this.log = log;
    this.source = TextSource.of(spec.text(), pair);
    this.texts = new Texts(pair, source, log);
  }

  /**
   * Runs what is missing.
   *
   * @param folder of the results; files of cells lie below {@code cells}
   * @return all results, in the order of the file
   */
  public List<TrimResult> run(Path folder) throws IOException {
    List<TrimCell> cells = spec.cells(pair.hash(), pair.target().vocabulary(), source.hash());
    List<TrimResult> results = new ArrayList<>();
    for (int i = 0; i < cells.size(); i++) {
      TrimCell cell = cells.get(i);
      Path file = folder.resolve("cells").resolve(cell.id() + ".json");
      String place = "cell " + (i + 1) + "/" + cells.size() + ": " + cell.label();
      if (Files.isRegularFile(file)) {
        log.accept(place + ": there");
        results.add(Json.read(file, TrimResult.class));
      } else {
        log.accept(place);
        TrimResult result = run(cell);
        CanonicalJson.write(file, result);
        results.add(result);
      }
    }
    return results;
  }

  private TrimResult run(TrimCell cell) {
    long start = System.nanoTime();
    List<Texts.Text> responses = texts.responses(cell);
    TokenCounts counts = TokenCounts.create(pair.target().vocabulary());
    texts.calibration(cell).forEach(t -> counts.accept(t.response()));
    FrequencyRanking ranking = FrequencyRanking.of(counts, pair.special());
    TokenCounts generated = TokenCounts.create(pair.target().vocabulary());
    responses.forEach(t -> generated.accept(t.response()));
    DraftCost cost = cost(pair);
    int[] sizes = cell.sizes().stream().mapToInt(k -> k).toArray();
    Replay replay = replay(cell, responses, ranking, sizes);
    List<Curve> curves = new ArrayList<>();
    for (int gamma : cell.gammas()) {
      curves.add(curve(cell, replay, cost, sizes, gamma));
    }
    List<LoopResult> loops =
        cell.loop() == null ? List.of() : loops(cell, responses, ranking, replay, sizes);
    return new TrimResult(
        cell,
        cost,
        TextVariety.of(responses.stream().map(Texts.Text::response).toList()),
        counts.total(),
        counts.distinct(),
        Arrays.stream(sizes).mapToObj(k -> generated.coverage(ranking.kept(k))).toList(),
        curves,
        loops,
        new TrimResult.Provenance(
            SourceCommit.current(),
            Machine.here(threads),
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            (System.nanoTime() - start) / 1e9));
  }

  /** Draft model without embedding, against all of the target's weights, tied ones once. */
  static DraftCost cost(ModelPair pair) {
    LanguageModel target = pair.target();
    long all =
        target.bodyParameters()
            + target.embeddingParameters()
            + (target.tied() ? 0 : target.headParameters());
    return new DraftCost(pair.draft().bodyParameters(), pair.draft().headWidth(), all);
  }

  /** What happens at a size and a γ, prompt by prompt, without running a model again. */
  private interface Replay {
    BlockStatistics at(int prompt, int k, int gamma);

    /** Best k of all under a cost, or null where only some were looked at. */
    Integer best(DraftCost cost, int gamma);
  }

  private Replay replay(
      TrimCell cell, List<Texts.Text> responses, FrequencyRanking ranking, int[] sizes) {
    List<int[]> whole = responses.stream().map(Texts.Text::whole).toList();
    int[] ranks = ranking.ranks();
    if (cell.temperature() == 0) {
      List<DraftTrace.Builder> builders =
          responses.stream().map(t -> DraftTrace.builder(ranks)).toList();
      pair.draft()
          .logits(
              whole,
              (s, position, logits) -> {
                Texts.Text t = responses.get(s);
                int at = position + 1 - t.prompt().length;
                if (at >= 0 && at < t.response().length) {
                  builders.get(s).accept(logits, t.response()[at]);
                }
              });
      List<DraftTrace> traces =
          IntStream.range(0, builders.size())
              .mapToObj(i -> builders.get(i).build(responses.get(i).stopped()))
              .toList();
      return new Replay() {
        @Override
        public BlockStatistics at(int prompt, int k, int gamma) {
          return GreedySweep.walk(traces.get(prompt), k, gamma);
        }

        @Override
        public Integer best(DraftCost cost, int gamma) {
          double[] tau = GreedySweep.tau(traces, gamma);
          int[] all = IntStream.range(1, tau.length).toArray();
          return MbsuCurve.of(all, Arrays.copyOfRange(tau, 1, tau.length), cost, gamma).best();
        }
      };
    }
    List<double[]> probabilities = texts.probabilities(cell);
    List<SampledTrace.Builder> builders =
        responses.stream()
            .map(t -> SampledTrace.builder(ranks, sizes, cell.temperature()))
            .toList();
    pair.draft()
        .logits(
            whole,
            (s, position, logits) -> {
              Texts.Text t = responses.get(s);
              int at = position + 1 - t.prompt().length;
              if (at >= 0 && at < t.response().length) {
                builders.get(s).accept(probabilities.get(s)[at], logits, t.response()[at]);
              }
            });
    List<SampledTrace> traces =
        IntStream.range(0, builders.size())
            .mapToObj(i -> builders.get(i).build(responses.get(i).stopped()))
            .toList();
    return new Replay() {
      @Override
      public BlockStatistics at(int prompt, int k, int gamma) {
        return traces.get(prompt).expected(Arrays.binarySearch(sizes, k), gamma);
      }

      @Override
      public Integer best(DraftCost cost, int gamma) {
        return null;
      }
    };
  }

  private Curve curve(TrimCell cell, Replay replay, DraftCost cost, int[] sizes, int gamma) {
    RatioBootstrap bootstrap = RatioBootstrap.withSeed(cell.seed());
    int n = cell.prompts();
    double[][] calls = new double[sizes.length][n];
    double[] tokens = new double[n];
    List<Point> points = new ArrayList<>();
    double[] tau = new double[sizes.length];
    for (int s = 0; s < sizes.length; s++) {
      BlockStatistics all = BlockStatistics.none(gamma);
      for (int p = 0; p < n; p++) {
        BlockStatistics one = replay.at(p, sizes[s], gamma);
        calls[s][p] = one.calls();
        tokens[p] = one.tokens();
        all = all.plus(one);
      }
      Estimate estimate = bootstrap.ratio(tokens, calls[s]);
      tau[s] = estimate.value();
      points.add(
          new Point(
              sizes[s],
              estimate,
              estimate.times(cost.mbsu(1, sizes[s], gamma)),
              Arrays.stream(all.acceptance()).takeWhile(a -> !Double.isNaN(a)).boxed().toList(),
              all.outside() / all.tokens(),
              all.wrong() / all.tokens()));
    }
    int best = MbsuCurve.of(sizes, tau, cost, gamma).bestIndex();
    int full = sizes.length - 1;
    Estimate gain =
        bootstrap.difference(
            tokens,
            calls[best],
            tokens,
            calls[full],
            cost.mbsu(1, sizes[best], gamma),
            cost.mbsu(1, sizes[full], gamma));
    return new Curve(gamma, points, best, gain, replay.best(cost, gamma));
  }

  /** The real loop: once for warming up and counting, then the sizes in turn for the time. */
  private List<LoopResult> loops(
      TrimCell cell,
      List<Texts.Text> responses,
      FrequencyRanking ranking,
      Replay replay,
      int[] sizes) {
    int gamma = cell.gammas().get(0);
    int[] asked =
        cell.loop().sizes().stream()
            .mapToInt(k -> k)
            .filter(k -> Arrays.binarySearch(sizes, k) >= 0)
            .toArray();
    DecodeOptions options =
        new DecodeOptions(gamma, cell.newTokens(), cell.temperature(), texts.stop());
    int prompts = Math.min(cell.loop().prompts(), responses.size());
    double[][] speeds = new double[asked.length + 1][cell.loop().repetitions()];
    DecodeStatistics[] counted = new DecodeStatistics[asked.length];
    for (int r = -1; r < cell.loop().repetitions(); r++) {
      log.accept("real loop: " + (r < 0 ? "warming up" : "repetition " + (r + 1)));
      for (int s = 0; s <= asked.length; s++) {
        long start = System.nanoTime();
        long tokens = 0;
        if (s == asked.length) {
          PlainDecoder plain = new PlainDecoder(pair.target());
          for (int p = 0; p < prompts; p++) {
            tokens += plain.generate(responses.get(p).prompt(), options, random(cell, p)).length;
          }
        } else {
          DecodeStatistics all = DecodeStatistics.none(gamma);
          try (LanguageModel trimmed = pair.draft().withHead(ranking.kept(asked[s]))) {
            SpeculativeDecoder decoder = new SpeculativeDecoder(pair.target(), trimmed);
            for (int p = 0; p < prompts; p++) {
              Generation g = decoder.generate(responses.get(p).prompt(), options, random(cell, p));
              all = all.plus(g.statistics());
            }
          }
          counted[s] = all;
          tokens = all.generated();
        }
        if (r >= 0) {
          speeds[s][r] = tokens / ((System.nanoTime() - start) / 1e9);
        }
      }
    }
    List<LoopResult> results = new ArrayList<>();
    for (int s = 0; s <= asked.length; s++) {
      Arrays.sort(speeds[s]);
      double tau = 1;
      double replayed = 1;
      if (s < asked.length) {
        BlockStatistics all = BlockStatistics.none(gamma);
        for (int p = 0; p < prompts; p++) {
          all = all.plus(replay.at(p, asked[s], gamma));
        }
        tau = counted[s].blockEfficiency();
        replayed = all.tau();
      }
      int n = speeds[s].length;
      results.add(
          new LoopResult(
              s < asked.length ? asked[s] : 0,
              tau,
              replayed,
              (speeds[s][(n - 1) / 2] + speeds[s][n / 2]) / 2,
              speeds[s][0],
              speeds[s][n - 1]));
    }
    return results;
  }

  private static SplittableRandom random(TrimCell cell, int prompt) {
    return new SplittableRandom(7_000_003L * (prompt + 1) + cell.seed());
  }
}
