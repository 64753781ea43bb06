package io.scalekv.cache.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.TokenSelector;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.Schedules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Choosing the tokens that stay after the last map but one, the largest that is ever cut, in the
 * layer that may keep fewest, at 10 %: scores and choice, without attention and without the copy.
 * The policy has seen the maps before it; what calibration would tell it is random.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SelectionBenchmark {
  /** The map is reached: nothing after it is needed. */
  private static final class Reached extends RuntimeException {
    private static final long serialVersionUID = 1;

    Reached() {
      super("reached", null, false, false);
    }
  }

  /** All policies but the full cache. */
  @Param({
    "random",
    "sliding-window",
    "streaming-llm",
    "h2o",
    "snapkv",
    "pyramidkv",
    "scalekv",
    "scalekv-released",
    "heatkv",
    "ams-kv",
    "hack",
    "error-curve",
    "one-layer"
  })
  public String policy = "scalekv";

  /**
   * The shape: {@code 768} has 12 layers, 12 heads of width 64 and the maps of 512 px, {@code
   * pocket} 12 layers, 4 heads of width 32 and seven maps to 16 x 16; two batch rows each.
   */
  @Param({"768", "pocket"})
  public String model = "768";

  private final int rows = 2;
  private int heads;
  private int width;
  private int layer;
  private int map;
  private ScaleSchedule schedule;
  private CachePolicy chosen;
  private NDManager manager;
  private NDManager run;
  private NDArray[][] input;
  private TokenSelector keeper;
  private final List<SelectionInputs> groups = new ArrayList<>();

  /** The policy and random queries, keys and values of every map. */
  @Setup
  public void setUp() {
    ModelConfig config = ModelCatalog.config("pocket");
    boolean pocket = model.equals("pocket");
    schedule = pocket ? config.schedule(Optional.empty(), 1) : Schedules.of(1, "0.25M");
    heads = pocket ? config.geometry().heads() : 12;
    width = pocket ? config.geometry().headWidth() : 64;
    int layers = 12;
    RandomGeneration shape = new RandomGeneration(schedule, layers, heads, rows, null);
    int budget = schedule.historyTokens() / 10;
    chosen =
        Policies.create(
            PolicySpec.parse(policy), shape.context(budget, 1, RandomCalibration.of(shape, 1)));
    map = schedule.scales() - 2;
    layer = smallest(chosen.plan(), layers);
    manager = NDManager.newBaseManager("PyTorch");
    input = new NDArray[map + 1][3];
    for (int k = 0; k <= map; k++) {
      for (int i = 0; i < 3; i++) {
        Shape s = new Shape(rows, heads, schedule.tokens(k), width);
        input[k][i] = manager.randomNormal(0, 0.5f, s, DataType.FLOAT32);
      }
    }
  }

  /** The layer that may keep fewest tokens for the last map. */
  private int smallest(BudgetPlan plan, int layers) {
    int best = 0;
    long fewest = Long.MAX_VALUE;
    for (int l = 0; l < layers; l++) {
      long tokens = 0;
      for (int h = 0; h < heads; h++) {
        tokens += plan.tokens(map + 1, l, h);
      }
      if (tokens < fewest) {
        fewest = tokens;
        best = l;
      }
    }
    return best;
  }

  /** The same policy, whose keeper stops at the map and leaves what it would have seen. */
  private CachePolicy stopping() {
    return new CachePolicy() {
      @Override
      public String name() {
        return chosen.name();
      }

      @Override
      public BudgetPlan plan() {
        return chosen.plan();
      }

      @Override
      public boolean selectsBeforeAttention() {
        return chosen.selectsBeforeAttention();
      }

      @Override
      public TokenSelector selector(int l) {
        TokenSelector own = chosen.selector(l);
        if (l == layer) {
          keeper = own;
        }
        return new TokenSelector() {
          @Override
          public void observe(SelectionInputs a) {
            if (a.scale() == map) {
              groups.add(owned(a));
            } else {
              own.observe(a);
            }
          }

          @Override
          public RetainedTokens select(SelectionInputs a) {
            if (a.scale() == map) {
              throw new Reached();
            }
            return own.select(a);
          }
        };
      }
    };
  }

  private SelectionInputs owned(SelectionInputs a) {
    NDArray query = copy(a.query());
    return new SelectionInputs(
        a.layer(),
        a.scale(),
        a.schedule(),
        a.heads(),
        query,
        () -> query,
        SelectionInputs.Held.of(copy(a.keys()), copy(a.values())),
        a.softmaxScale(),
        a.budget(),
        a.origins());
  }

  private NDArray copy(NDArray x) {
    NDArray copy = x.duplicate();
    copy.attach(run);
    return copy;
  }

  /** Lets a fresh keeper see all maps before. */
  @Setup(Level.Invocation)
  public void before() {
    groups.clear();
    run = manager.newSubManager();
    CacheType fp32 = CacheType.FP32;
    CacheManager caches =
        new CacheManager(
            run, stopping(), fp32, fp32, CacheManager.Attention.FP32, CacheListener.NONE);
    for (int k = 0; k <= map; k++) {
      caches.enter(k);
      try (NDManager scope = run.newSubManager()) {
        NDArray query = input[k][0].duplicate();
        query.attach(scope);
        caches.attend(layer, query, input[k][1], input[k][2], () -> query);
      } catch (Reached e) {
        return;
      }
    }
  }

  /** Frees what the keeper saw. */
  @TearDown(Level.Invocation)
  public void after() {
    run.close();
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    manager.close();
  }

  /** The choice, group by group of heads that hold equally many; tokens that stay. */
  @Benchmark
  public long choose() {
    long kept = 0;
    groups.forEach(keeper::observe);
    for (SelectionInputs a : groups) {
      if (Arrays.stream(a.budget()).anyMatch(b -> b < a.tokens())) {
        kept += keeper.select(a).tokens(0);
      } else {
        kept += a.tokens();
      }
    }
    return kept;
  }
}
