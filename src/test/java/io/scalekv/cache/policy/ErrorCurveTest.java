package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Choices against scores written out in double precision, and shares against the curves. */
class ErrorCurveTest {
  private static final double MARGIN = 1e-4;

  /** What a case switches on. */
  private record Ingredients(
      boolean softmax, int queries, int kernel, double decay, double prior, int protect) {}

  /** Outputs of all heads written out: attention, then errors of removal. */
  private static double[][] errors(SelectionInputs a, boolean softmax, int count) {
    float[] v = a.values().toFloatArray();
    int d = (int) a.values().getShape().get(3);
    int t = a.tokens();
    double[][][] p = ScoreOracle.attention(a);
    double[][] sums = new double[p.length][t];
    int g = (int) Math.sqrt(count);
    int[] queries =
        count == 0 || count >= a.current()
            ? IntStream.range(0, a.current()).toArray()
            : ScoreOracle.centres(a.schedule().map(a.scale()), g).stream()
                .mapToInt(Integer::intValue)
                .toArray();
    for (int i = 0; i < p.length; i++) {
      for (int query : queries) {
        double[] o = new double[d];
        for (int j = 0; j < t; j++) {
          for (int c = 0; c < d; c++) {
            o[c] += p[i][query][j] * v[(i * t + j) * d + c];
          }
        }
        for (int j = 0; j < t; j++) {
          double square = 0;
          for (int c = 0; c < d; c++) {
            square += Math.pow(o[c] - v[(i * t + j) * d + c], 2);
          }
          double one = Math.min(p[i][query][j], 1 - 1e-6);
          sums[i][j] +=
              (softmax ? p[i][query][j] : one / (1 - one) * Math.sqrt(square)) / queries.length;
        }
      }
    }
    return sums;
  }

  /** Scores of one layer, followed through a generation. */
  private static final class Oracle extends ScoreOracle {
    private final Ingredients in;
    private final ErrorCurves curves;
    private double[][] carried = new double[0][];

    Oracle(Ingredients in, ErrorCurves curves) {
      this.in = in;
      this.curves = curves;
    }

    @Override
    void attended(SelectionInputs a) {
      super.attended(a);
      double[][] now = errors(a, in.softmax(), in.queries());
      for (int i = 0; i < carried.length; i++) {
        for (int j = 0; j < carried[i].length; j++) {
          now[i][j] += in.decay() * carried[i][j];
        }
      }
      carried = now;
    }

    @Override
    double[][] score(SelectionInputs a) {
      ScaleSchedule schedule = a.schedule();
      double[][] scores = new double[carried.length][a.tokens()];
      for (int i = 0; i < scores.length; i++) {
        int head = a.heads()[i % a.heads().length];
        for (int j = 0; j < scores[i].length; j++) {
          int position = held.get(i).get(j);
          double sum = 0;
          int count = 0;
          for (int x = 0; x < scores[i].length; x++) {
            if (near(schedule, position, held.get(i).get(x), in.kernel() / 2)) {
              sum += carried[i][x];
              count++;
            }
          }
          double worth = 0;
          for (int k = a.scale() + 1; k < schedule.scales(); k++) {
            worth += curves.importance()[k][a.layer()][head][position];
          }
          scores[i][j] = (1 - in.prior()) * Math.log(sum / count) + in.prior() * Math.log(worth);
          scores[i][j] += position < schedule.tokensBefore(in.protect()) ? 1000 : 0;
        }
      }
      return scores;
    }

    private static boolean near(ScaleSchedule schedule, int a, int b, int reach) {
      int map = schedule.scaleOf(a);
      int first = schedule.tokensBefore(map);
      int width = schedule.map(map).width();
      return map == schedule.scaleOf(b)
          && Math.abs((a - first) / width - (b - first) / width) <= reach
          && Math.abs((a - first) % width - (b - first) % width) <= reach;
    }

    void follow(RetainedTokens kept) {
      for (int i = 0; i < carried.length; i++) {
        double[] all = carried[i];
        carried[i] =
            Arrays.stream(kept.of(i / kept.heads(), i % kept.heads()))
                .mapToDouble(j -> all[j])
                .toArray();
      }
      kept(kept);
    }
  }

  /** A policy whose every choice is compared. */
  private record Checked(CachePolicy inner, Ingredients in, ErrorCurves curves, int[] compared)
      implements CachePolicy {
    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public BudgetPlan plan() {
      return inner.plan();
    }

    @Override
    public TokenSelector selector(int layer) {
      TokenSelector keeper = inner.selector(layer);
      Oracle oracle = new Oracle(in, curves);
      return new TokenSelector() {
        @Override
        public void observe(SelectionInputs a) {
          keeper.observe(a);
          oracle.attended(a);
        }

        @Override
        public RetainedTokens select(SelectionInputs a) {
          RetainedTokens kept = keeper.select(a);
          double[][] scores = oracle.score(a);
          for (int i = 0; i < scores.length; i++) {
            int[] own = kept.of(i / a.heads().length, i % a.heads().length);
            assertEquals(a.budget()[0], own.length);
            double least = Arrays.stream(own).mapToDouble(at(scores[i])).min().orElse(1e9);
            double[] score = scores[i];
            double most =
                IntStream.range(0, score.length)
                    .filter(j -> Arrays.binarySearch(own, j) < 0)
                    .mapToDouble(j -> score[j])
                    .max()
                    .orElse(-1e9);
            assertTrue(most <= least + MARGIN, "map " + a.scale() + ": " + most + " > " + least);
            compared[0]++;
          }
          oracle.follow(kept);
          return kept;
        }
      };
    }

    private static java.util.function.IntToDoubleFunction at(double[] scores) {
      return j -> scores[j];
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prior=0,protect=3                        | false | 0 | 1 | 0   | 0   | 3",
        "prior=0,score=softmax,protect=0          | true  | 0 | 1 | 0   | 0   | 0",
        "prior=0,queries=9,protect=1              | false | 9 | 1 | 0   | 0   | 1",
        "prior=0,pool=grid,protect=2              | false | 0 | 3 | 0   | 0   | 2",
        "prior=0,pool=grid,kernel=5,accumulate=1  | false | 0 | 5 | 1   | 0   | 0",
        "prior=0.3,accumulate=0.5                 | false | 0 | 1 | 0.5 | 0.3 | 0",
        "prior=1                                  | false | 0 | 1 | 0   | 1   | 0"
      })
  void choosesTheSame(
      String settings,
      boolean softmax,
      int queries,
      int kernel,
      double decay,
      double prior,
      int protect) {
    int[] compared = new int[1];
    for (int seed = 1; seed <= 6; seed++) {
      RandomGeneration g = RandomGeneration.of(seed);
      int b = new SplittableRandom(seed).nextInt(1, g.schedule().historyTokens());
      PolicyCalibration calibration = RandomCalibration.of(g, seed);
      CachePolicy policy =
          Policies.create(
              PolicySpec.parse("error-curve:allocation=uniform," + settings.strip()),
              g.context(b, seed, calibration));
      int maps = Math.min(protect, g.schedule().scales());
      while (g.schedule().tokensBefore(maps) > b) {
        maps--;
      }
      Ingredients in = new Ingredients(softmax, queries, kernel, decay, prior, maps);
      g.run(
          new Checked(
              policy,
              in,
              calibration.part(PolicyCalibration.ERROR_CURVES, ErrorCurves.class),
              compared));
    }
    assertTrue(compared[0] > 40, "choices must be many, got " + compared[0]);
  }

  /** A head whose errors are larger everywhere never gets less than its equal share. */
  @Test
  void tokensGoWhereTheErrorFallsMost() {
    RandomGeneration g = RandomGeneration.of(4);
    int k = g.schedule().scales() - 1;
    ErrorCurves curves =
        RandomCalibration.of(g, 4).part(PolicyCalibration.ERROR_CURVES, ErrorCurves.class);
    int budget = Math.max(1, g.schedule().historyTokens() / 4);
    for (double[][] layer : curves.error()[k]) {
      for (int h = 0; h < layer.length; h++) {
        int all = g.schedule().tokensBefore(k);
        for (int i = 0; i < layer[h].length; i++) {
          layer[h][i] = (h == 0 ? 100 : 1) * (1 - curves.tokens()[k][i] / (double) all);
        }
      }
    }
    BudgetPlan plan =
        Policies.create(
                PolicySpec.parse("error-curve:weight=absolute"),
                g.context(
                    budget, 0, PolicyCalibration.NONE.with(PolicyCalibration.ERROR_CURVES, curves)))
            .plan();
    long sum = 0;
    for (int l = 0; l < g.layers(); l++) {
      int room = plan.tokens(k - 1, l, 0) + g.schedule().tokens(k - 1);
      for (int h = 0; h < g.heads(); h++) {
        sum += plan.tokens(k, l, h);
        if (h > 0 && plan.tokens(k, l, h) > 0) {
          assertEquals(room, plan.tokens(k, l, 0), "the first head is served first");
        }
      }
    }
    assertEquals((long) budget * g.layers() * g.heads(), sum);
  }

  @ParameterizedTest
  @CsvSource({"1", "0.966049383", "0.5", "0.111111112"})
  void leavesWhatItMayNotUse(double use) {
    RandomGeneration g = RandomGeneration.of(7);
    PolicyCalibration calibration = RandomCalibration.of(g, 7);
    int budget = Math.max(1, g.schedule().historyTokens() / 3);
    PolicyContext context = g.context(budget, 0, calibration);
    BudgetPlan plan = Policies.create(PolicySpec.parse("error-curve:use=" + use), context).plan();
    long allowed = (long) Math.floor(use * budget * g.layers() * g.heads() + 1e-9);
    for (int k = 1; k < g.schedule().scales(); k++) {
      long sum = 0;
      for (int l = 0; l < g.layers(); l++) {
        for (int h = 0; h < g.heads(); h++) {
          sum += plan.tokens(k, l, h);
        }
      }
      long history = (long) g.schedule().tokensBefore(k) * g.layers() * g.heads();
      assertEquals(Math.min(allowed, history), sum, "scale " + k);
    }
    BudgetPlan whole = Policies.create(PolicySpec.parse("error-curve"), context).plan();
    assertEquals(use == 1, whole.equals(plan));
    for (String wrong : List.of("error-curve:use=0", "error-curve:allocation=uniform,use=0.5")) {
      assertThrows(
          IllegalArgumentException.class, () -> Policies.create(PolicySpec.parse(wrong), context));
    }
  }

  @Test
  void saysWhatIsMissing() {
    RandomGeneration g = RandomGeneration.of(1);
    Exception none =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Policies.create(
                    PolicySpec.parse("error-curve"), g.context(2, 0, PolicyCalibration.NONE)));
    assertTrue(none.getMessage().contains("error-curves"), none.getMessage());
    Exception range =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Policies.create(
                    PolicySpec.parse("error-curve:prior=2"),
                    g.context(2, 0, RandomCalibration.of(g, 1))));
    assertTrue(range.getMessage().contains("prior"), range.getMessage());
    Exception other =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                Policies.create(
                    PolicySpec.parse("error-curve"),
                    new PolicyContext(
                        g.schedule(),
                        new Geometry(g.layers() + 1, g.heads(), 1),
                        2,
                        0,
                        RandomCalibration.of(g, 1))));
    assertTrue(other.getMessage().startsWith("policy error-curve"), other.getMessage());
  }
}
