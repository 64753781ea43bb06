package io.scalekv.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.CacheMeasurement;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokensOf;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyContext;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.infinity.InfinityConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How much memory a model's KV cache takes, by formula. */
@Command(
    name = "memory",
    description =
        "Bytes of a model's KV cache by formula, full and under budgets; no weights are needed.")
final class MemoryCommand implements Callable<Integer> {
  /**
   * One budget.
   *
   * @param budget as it was asked for, or {@code full}
   * @param tokensPerLayerAndHead tokens it means
   * @param percentOfFull share of the denominator, to 0.001
   * @param kvCacheBytes the cache, scales of int8 numbers included
   * @param kvCacheMiB the same, truncated as in table 1 of ScaleKV
   * @param peakBytesFormula the most while layers attend and cut in turn, with a uniform plan
   * @param peakFormulaMiB the same, truncated
   * @param generationMiB that peak with all that {@link Generation} names, with {@code --dtype}
   * @param measured what the running cache held, with {@code --measure}
   */
  record Row(
      String budget,
      int tokensPerLayerAndHead,
      double percentOfFull,
      long kvCacheBytes,
      long kvCacheMiB,
      long peakBytesFormula,
      long peakFormulaMiB,
      Long generationMiB,
      Measured measured) {}

  /**
   * What drawing needs besides the cache.
   *
   * @param dtype number format of the transformer
   * @param weightsMiB the transformer
   * @param tokenizerMiB the decoder of the image tokenizer, 0 without images
   * @param activationsMiB of all images together, an estimate
   */
  record Generation(String dtype, long weightsMiB, long tokenizerMiB, long activationsMiB) {
    static Generation of(String dtype, MemoryNeed need, int batch) {
      return new Generation(
          dtype,
          MemoryModel.truncatedMib(need.weights()),
          MemoryModel.truncatedMib(need.tokenizer()),
          MemoryModel.truncatedMib(Math.multiplyExact(need.activations(), batch)));
    }
  }

  /**
   * A run of the cache on random queries, keys and values.
   *
   * @param policy that chose the tokens
   * @param afterMapBytes bytes held by all layers after each stored map
   * @param formulaAfterMapBytes what the formula says
   * @param steadyBytes bytes held after the last stored map
   * @param agrees whether all of them agree to the byte
   * @param peakBytes the most that tokens took at any moment, the float32 copies of the layer that
   *     attends included
   * @param peakRssMiB resident memory of this process, the most so far
   */
  record Measured(
      String policy,
      List<Long> afterMapBytes,
      List<Long> formulaAfterMapBytes,
      long steadyBytes,
      boolean agrees,
      long peakBytes,
      Long peakRssMiB) {}

  /**
   * What the command reports.
   *
   * @param denominator {@code history}: a full cache is T_{K-1}; {@code all}: T_K
   * @param denominatorTokens that many tokens per layer and head
   * @param generation what drawing needs besides, with {@code --dtype}
   * @param rows one per budget
   * @param only the row, where exactly one budget was asked for; its keys are at the top level
   */
  record Report(
      String model,
      int layers,
      int heads,
      int width,
      List<String> schedule,
      int batch,
      int branches,
      String keyType,
      String valueType,
      String denominator,
      int denominatorTokens,
      Generation generation,
      List<Row> rows,
      @JsonUnwrapped Row only) {}

  private static final String FULL = "full";
  private static final List<String> TABLE_1 = List.of(FULL, "paper-20", "paper-10", "paper-4");

  @Spec private CommandSpec spec;
  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private JsonOption json;

  @Option(
      names = "--budget",
      paramLabel = "B",
      description =
          "full, 10%% (of the history, whatever --tokens-of says), 650t (tokens), paper-20,"
              + " paper-10, paper-4 or 3900MiB; may be given several times (default: full and the"
              + " three of the paper).")
  private List<String> budgets = new ArrayList<>();

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images made at once (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--cfg",
      paramLabel = "X",
      defaultValue = "3",
      description =
          "Guidance on the logits; 1 is none and needs one branch instead of two"
              + " (default: ${DEFAULT-VALUE}).")
  private double cfg;

  @Option(
      names = "--tokens-of",
      paramLabel = "history|all",
      defaultValue = "history",
      description =
          "What a full cache is: the maps that are read again, or all maps"
              + " (default: ${DEFAULT-VALUE}).")
  private String tokensOf;

  @Option(
      names = "--key-type",
      paramLabel = "fp32|bf16|int8",
      defaultValue = "fp32",
      description =
          "Number format of cached keys; int8 adds a float32 scale per channel and map"
              + " (default: ${DEFAULT-VALUE}, as Infinity runs).")
  private String keyType;

  @Option(
      names = "--value-type",
      paramLabel = "fp32|bf16|int8",
      defaultValue = "bf16",
      description =
          "Number format of cached values; int8 adds a float32 scale per token and head"
              + " (default: ${DEFAULT-VALUE}, as Infinity runs).")
  private String valueType;

  @Option(
      names = "--dtype",
      paramLabel = "fp32|bf16",
      description =
          "Also what a generation needs beside the cache, with the weights in this number format.")
  private String dtype;

  @Option(
      names = "--no-image",
      description = "With --dtype: token maps alone, without the image tokenizer.")
  private boolean noImage;

  @Option(
      names = "--measure",
      description =
          "Also run the real cache at this geometry on random queries, keys and values and report"
              + " the bytes it holds.")
  private boolean measure;

  @Option(
      names = "--policy",
      paramLabel = "P",
      defaultValue = "snapkv",
      description =
          "Policy of --measure, one that needs no calibration (default: ${DEFAULT-VALUE}).")
  private String policy;

  @Override
  public Integer call() {
    Policies.kind(PolicySpec.parse(policy).name());
    Check.range("--batch", batch, 1, 1_000_000);
    Check.range("--cfg", cfg, 0, 100);
    Check.oneOf("--tokens-of", tokensOf, "history", "all");
    Check.oneOf("--key-type", keyType, "fp32", "bf16", "int8");
    Check.oneOf("--value-type", valueType, "fp32", "bf16", "int8");
    if (dtype != null) {
      Check.oneOf("--dtype", dtype, "fp32", "bf16");
    } else if (noImage) {
      throw new IllegalArgumentException("--no-image: --dtype expected with it, got none");
    }
    json.print(spec.commandLine().getOut(), report(), MemoryCommand::text);
    return 0;
  }

  private Report report() {
    ModelConfig config = ModelFactory.config(modelOption);
    InfinityConfig shape = config.transformer();
    ScaleSchedule schedule = scheduleOptions.of(config);
    int branches = cfg == 1 ? 1 : 2;
    TokensOf denominator = tokensOf.equals("all") ? TokensOf.ALL : TokensOf.HISTORY;
    MemoryModel memory =
        MemoryModel.of(
            shape.depth(),
            shape.width(),
            shape.heads(),
            CacheType.parse(keyType),
            CacheType.parse(valueType),
            branches,
            batch);
    List<Row> rows = new ArrayList<>();
    Generation generation = null;
    try {
      for (String budget : budgets.isEmpty() ? TABLE_1 : budgets) {
        rows.add(row(budget, memory, config, schedule, denominator));
      }
      if (dtype != null) {
        generation = Generation.of(dtype, need(config, schedule, 0), batch);
      }
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "%s with --batch %d: a cache of at most 2^63 bytes expected, got more"
              .formatted(config.name(), batch),
          e);
    }
    return new Report(
        config.name(),
        shape.depth(),
        shape.heads(),
        shape.width(),
        schedule.maps().stream().map(Object::toString).toList(),
        batch,
        branches,
        keyType,
        valueType,
        tokensOf,
        denominator.tokens(schedule),
        generation,
        rows,
        budgets.size() == 1 ? rows.get(0) : null);
  }

  private MemoryNeed need(ModelConfig config, ScaleSchedule schedule, long cache) {
    LoadOptions parts = new LoadOptions(dtype.equals("bf16"), !noImage, ComputeDevice.CPU);
    return MemoryNeed.of(config, schedule, cache, cfg != 1, parts);
  }

  private Row row(
      String budget,
      MemoryModel memory,
      ModelConfig config,
      ScaleSchedule schedule,
      TokensOf denominator) {
    boolean full = budget.strip().equalsIgnoreCase(FULL);
    int history = schedule.historyTokens();
    int tokens =
        full ? denominator.tokens(schedule) : Budget.parse(budget).tokens(schedule, memory);
    long bytes =
        full
            ? memory.fullBytes(schedule, denominator)
            : memory.bytes(tokens, TokensOf.HISTORY.maps(schedule));
    long peak =
        Math.max(
            bytes,
            memory.peakBytes(
                BudgetPlan.uniform(
                    schedule, memory.layers(), Math.max(1, Math.min(tokens, history)))));
    return new Row(
        full ? FULL : budget.strip(),
        tokens,
        Math.round(MemoryModel.percent(tokens, schedule, denominator) * 1000) / 1000.0,
        bytes,
        MemoryModel.truncatedMib(bytes),
        peak,
        MemoryModel.truncatedMib(peak),
        dtype == null
            ? null
            : MemoryModel.truncatedMib(need(config, schedule, peak / batch).bytes(batch)),
        measure ? measured(full, tokens, memory, schedule, config.transformer().heads()) : null);
  }

  private Measured measured(
      boolean full, int tokens, MemoryModel memory, ScaleSchedule schedule, int heads) {
    PolicySpec which = PolicySpec.parse(full ? "full" : policy);
    CachePolicy made =
        Policies.create(
            which,
            new PolicyContext(
                schedule,
                memory.layers(),
                heads,
                Math.max(1, Math.min(tokens, schedule.historyTokens())),
                0,
                PolicyCalibration.NONE));
    CacheMeasurement.Result run;
    try (Progress progress =
        Progress.of("memory", schedule.scales(), false, spec.commandLine().getErr())) {
      run =
          CacheMeasurement.run(
              made,
              memory,
              CacheType.parse(keyType),
              CacheType.parse(valueType),
              heads,
              k -> progress.step(which + ", map " + schedule.map(k)));
    }
    List<Long> live = run.maps().stream().map(CacheMeasurement.AfterMap::liveBytes).toList();
    List<Long> formula = run.maps().stream().map(CacheMeasurement.AfterMap::formulaBytes).toList();
    return new Measured(
        made.name(),
        live,
        formula,
        live.isEmpty() ? 0 : live.get(live.size() - 1),
        live.equals(formula),
        run.peakBytes(),
        ProcessMemory.peakRssMiB());
  }

  private static String text(Report r) {
    StringBuilder t = new StringBuilder();
    t.append(
        String.format(
            Locale.ROOT,
            "%s: %d layers, width %d, %d heads; batch %d, %s; keys %s, values %s%n"
                + "100 %% = %d tokens per layer and head (%s); peak with the map being attended%n",
            r.model(),
            r.layers(),
            r.width(),
            r.heads(),
            r.batch(),
            r.branches() == 1 ? "no guidance" : "two guidance branches",
            r.keyType(),
            r.valueType(),
            r.denominatorTokens(),
            r.denominator().equals("all") ? "all maps" : "all maps but the last"));
    Generation g = r.generation();
    if (g != null) {
      t.append(
          String.format(
              Locale.ROOT,
              "generation: weights in %s %d MiB, image tokenizer %d MiB, activations about %d MiB%n",
              g.dtype(),
              g.weightsMiB(),
              g.tokenizerMiB(),
              g.activationsMiB()));
    }
    t.append(
        String.format(
            Locale.ROOT,
            "%-10s %10s %8s %14s %14s%s",
            "budget",
            "tokens",
            "%",
            "KV cache MiB",
            "peak MiB",
            g == null ? "" : " generation MiB"));
    for (Row row : r.rows()) {
      Measured m = row.measured();
      t.append(
          String.format(
              Locale.ROOT,
              "%n%-10s %10d %8.2f %14s %14s%s",
              row.budget(),
              row.tokensPerLayerAndHead(),
              row.percentOfFull(),
              mib(row.kvCacheBytes()),
              mib(row.peakBytesFormula()),
              g == null ? "" : String.format(Locale.ROOT, " %14d", row.generationMiB())));
      if (m != null) {
        t.append(
            String.format(
                Locale.ROOT,
                "%n  measured with %s: %,d bytes held, %s; peak %s MiB with the float32"
                    + " copies of one layer; most resident memory %s MiB",
                m.policy(),
                m.steadyBytes(),
                m.agrees()
                    ? "as the formula says after every map"
                    : "not what the formula says: " + m.formulaAfterMapBytes(),
                mib(m.peakBytes()),
                m.peakRssMiB()));
      }
    }
    return t.toString();
  }

  /** Whole MiB, truncated; two decimals below 100. */
  private static String mib(long bytes) {
    double mib = bytes / (double) (1 << 20);
    return mib < 100
        ? String.format(Locale.ROOT, "%.2f", mib)
        : String.valueOf(MemoryModel.truncatedMib(bytes));
  }
}
