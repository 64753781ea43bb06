package io.scalekv.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CacheMeasurement;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Require;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Memory of a model's KV cache by formula. */
@Command(
    name = "memory",
    description =
        "Prints the bytes of a model's KV cache by formula, full and under policies and budgets;"
            + " needs no weights.",
    footer = {
      "",
      "Examples:",
      "  ./scalekv memory --model infinity-2b --batch 8",
      "  ./scalekv memory --policy snapkv --policy pyramidkv --budget 10% --budget 1MiB --measure"
    })
final class MemoryCommand implements Callable<Integer> {
  /**
   * One policy at one budget.
   *
   * @param budgetTokens nominal mean tokens per layer and head
   * @param percentOfFull peak of stored bytes as a percentage of the full cache
   * @param formula tokens and bytes by formula; null where the budget is too small for the policy
   * @param measured tokens and bytes of a run, with {@code --measure}
   * @param note the reason where the budget is too small
   */
  record Row(
      String policy,
      String budget,
      Integer budgetTokens,
      Double percentOfFull,
      @JsonUnwrapped CacheUsage formula,
      CacheUsage measured,
      String note) {}

  /**
   * JSON document.
   *
   * @param fullTokens tokens per layer and head of the full cache
   * @param fullKvBytes bytes of the full cache
   */
  record Report(
      String model,
      Geometry geometry,
      List<String> schedule,
      int batch,
      int branches,
      CacheType keyType,
      CacheType valueType,
      int fullTokens,
      long fullKvBytes,
      List<Row> rows) {}

  private static final String FULL = "full";

  @Mixin private ModelOption modelOption = ModelOption.shapeOnly();
  @Mixin private ScheduleOptions scheduleOptions;
  @Mixin private Output output;

  @Option(
      names = "--policy",
      paramLabel = "P",
      description = "Policy with its settings; repeatable (default: scalekv).")
  private List<String> policies = List.of("scalekv");

  @Option(
      names = "--budget",
      paramLabel = "B",
      description =
          "full, 10%%, 650t (tokens), paper-20, paper-10, paper-4, or bytes such as 3900MiB;"
              + " repeatable (default: full and the three of the paper).")
  private List<String> budgets = List.of(FULL, "paper-20", "paper-10", "paper-4");

  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description =
          "Calibration for the policy (default: the one shipped with the model, else random"
              + " roles).")
  private Path roles;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--cfg",
      paramLabel = "X",
      defaultValue = "3",
      description = "Guidance; 1 is none and needs one branch (default: ${DEFAULT-VALUE}).")
  private double cfg;

  @Option(
      names = "--key-type",
      defaultValue = "fp32",
      description =
          "Number format of stored keys: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private CacheType keyType;

  @Option(
      names = "--value-type",
      description =
          "Number format of stored values: ${COMPLETION-CANDIDATES} (default: fp32; bf16 for"
              + " Infinity, as published).")
  private CacheType valueType;

  @Option(names = "--measure", description = "Also run the cache on random numbers and measure it.")
  private boolean measure;

  @Override
  public Integer call() throws IOException {
    Require.between("--batch", batch, 1, 1_000_000);
    Require.between("--cfg", cfg, 0.0, 100.0);
    Report report = report(ModelFactory.config(modelOption));
    output.json(report);
    output.line(
        "%s: %d layers, %d heads, width %d; batch %d, %d %s; keys %s, values %s",
        report.model(),
        report.geometry().layers(),
        report.geometry().heads(),
        report.geometry().width(),
        batch,
        report.branches(),
        report.branches() == 1 ? "branch" : "guidance branches",
        report.keyType(),
        report.valueType());
    output.line(
        "full cache: %d tokens per layer and head, %s MiB; working copies: float32 keys and values"
            + " of the layer at work",
        report.fullTokens(), Output.mib(report.fullKvBytes()));
    output.table(
        List.of(
            "policy",
            "budget",
            "tokens",
            "% of full",
            "between scales (MiB)",
            "peak (MiB)",
            "with working copies (MiB)"),
        report.rows(),
        r -> cells(r.policy(), r, r.formula()));
    for (Row r : report.rows()) {
      if (r.note() != null) {
        output.line("%s", r.note());
      }
      if (r.measured() != null) {
        output.line(
            "measured: %s at %s %s",
            r.policy(),
            r.budget(),
            r.measured().equals(r.formula())
                ? "equals the formula to the byte"
                : "differs: " + r.measured());
      }
    }
    output.next("list", "policies");
    return 0;
  }

  private static List<Object> cells(String policy, Row r, CacheUsage u) {
    return u == null
        ? Output.cells(policy, r.budget(), null, null, null, null, null)
        : Output.cells(
            policy,
            r.budget(),
            r.budgetTokens(),
            Output.fixed(r.percentOfFull(), 2),
            Output.mib(u.kvBytes()),
            Output.mib(u.peakKvBytes()),
            Output.mib(u.workingPeakBytes()));
  }

  private Report report(ModelConfig config) throws IOException {
    ScaleSchedule schedule = scheduleOptions.of(config);
    boolean published = config.text().equals(ModelConfig.T5);
    CacheType values = valueType != null ? valueType : published ? CacheType.BF16 : CacheType.FP32;
    MemoryModel memory = config.geometry().memory(keyType, values, cfg == 1 ? 1 : 2, batch);
    long full;
    try {
      full = memory.fullBytes(schedule);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "full cache of %s with --batch %d must be below 2^63 bytes"
              .formatted(config.name(), batch),
          e);
    }
    PolicyFactory factory =
        new PolicyFactory(
            schedule,
            memory,
            CacheOptions.calibration(modelOption, config, schedule, roles, 0, true),
            0);
    List<Row> rows = new ArrayList<>();
    for (String budget : budgets) {
      if (budget.strip().equalsIgnoreCase(FULL)) {
        rows.add(
            row(
                factory,
                PolicySpec.parse(FULL),
                FULL,
                new Budget.Percent(BigDecimal.valueOf(100)),
                full));
        continue;
      }
      for (String policy : policies) {
        rows.add(
            row(factory, PolicySpec.parse(policy), budget.strip(), Budget.parse(budget), full));
      }
    }
    return new Report(
        config.name(),
        config.geometry(),
        schedule.maps().stream().map(Object::toString).toList(),
        batch,
        memory.branches(),
        keyType,
        values,
        schedule.historyTokens(),
        full,
        rows);
  }

  private Row row(PolicyFactory factory, PolicySpec spec, String text, Budget budget, long full) {
    Policies.kind(spec);
    int tokens;
    CachePolicy policy;
    try {
      tokens = factory.tokens(spec, budget);
      policy = factory.create(spec, tokens);
    } catch (BudgetTooSmallException e) {
      return new Row(spec.toString(), text, null, null, null, null, e.getMessage());
    }
    MemoryModel memory = factory.memory();
    CacheUsage usage = memory.usage(policy.plan());
    CacheUsage measured = null;
    if (measure) {
      ScaleSchedule schedule = factory.schedule();
      CacheSettings settings = new CacheSettings(policy, null, memory.keys(), memory.values());
      try (Progress progress = output.progress("memory", schedule.scales())) {
        measured =
            CacheMeasurement.run(
                settings, memory, k -> progress.step(spec + ", map " + schedule.map(k)));
      }
    }
    double percent = full == 0 ? 100 : 100.0 * usage.peakKvBytes() / full;
    return new Row(
        policy.name(), text, tokens, Math.round(percent * 1000) / 1000.0, usage, measured, null);
  }
}
