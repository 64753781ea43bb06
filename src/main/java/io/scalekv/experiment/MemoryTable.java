package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CacheMeasurement;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Memory of a model's KV cache under policies and budgets.
 *
 * @param fullTokens tokens per layer and head of the full cache
 * @param fullKvBytes bytes of the full cache
 * @param rows one for each policy and budget
 */
public record MemoryTable(
    String model,
    Geometry geometry,
    List<String> schedule,
    int batch,
    int branches,
    String keyType,
    String valueType,
    int fullTokens,
    long fullKvBytes,
    List<Row> rows) {
  /** Tokens that count as the full cache. */
  public enum TokensOf {
    /** Those that a later scale reads. */
    HISTORY("tokens that later scales read"),
    /** All, the last scale's included, which nothing reads. */
    ALL("all tokens, the last scale's included");

    private final String label;

    TokensOf(String label) {
      this.label = label;
    }

    /** Returns the tokens in words. */
    public String label() {
      return label;
    }
  }

  /** Budget of the full cache, whatever the policy. */
  public static final String FULL = "full";

  /**
   * One policy at one budget.
   *
   * @param budgetTokens nominal mean tokens per layer and head
   * @param percentOfFull peak of stored bytes as a percentage of the full cache
   * @param formula tokens and bytes by formula; null if the budget is too small for the policy
   * @param measured tokens and bytes of a run, or null
   * @param note the reason if the budget is too small
   */
  public record Row(
      String policy,
      String budget,
      Integer budgetTokens,
      Double percentOfFull,
      @JsonUnwrapped CacheUsage formula,
      CacheUsage measured,
      String note) {
    /** Returns the note, or the measurement beside the formula; empty for neither. */
    @JsonIgnore
    public Optional<String> line() {
      if (note != null || measured == null) {
        return Optional.ofNullable(note);
      }
      Object found = measured.equals(formula) ? "equal to the byte" : measured;
      return Optional.of("measured %s at %s: %s".formatted(policy, budget, found));
    }
  }

  /**
   * Computes the table.
   *
   * @param budgets {@value #FULL} or forms of {@link Budget}
   * @param tokensOf tokens of 100 %
   * @param onScale null for the formula alone; else every cache is also run and measured, with this
   *     called at each scale
   * @throws IllegalArgumentException if the full cache has more than 2^63 bytes
   */
  public static MemoryTable of(
      String model,
      PolicyFactory factory,
      List<PolicySpec> policies,
      List<String> budgets,
      TokensOf tokensOf,
      IntConsumer onScale) {
    MemoryModel memory = factory.memory();
    ScaleSchedule schedule = factory.schedule();
    boolean all = tokensOf == TokensOf.ALL;
    long full;
    try {
      full = all ? memory.bytesOfAll(schedule) : memory.fullBytes(schedule);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("full cache of " + model + " must be below 2^63 bytes", e);
    }
    List<Row> rows = new ArrayList<>();
    for (String budget : budgets) {
      if (budget.strip().equalsIgnoreCase(FULL)) {
        Budget whole = new Budget.Percent(BigDecimal.valueOf(100));
        rows.add(row(factory, PolicySpec.parse(FULL), FULL, whole, full, onScale));
      } else {
        for (PolicySpec policy : policies) {
          rows.add(row(factory, policy, budget.strip(), Budget.parse(budget), full, onScale));
        }
      }
    }
    return new MemoryTable(
        model,
        memory.geometry(),
        schedule.maps().stream().map(Object::toString).toList(),
        memory.batch(),
        memory.branches(),
        memory.keys().toString(),
        memory.values().toString(),
        all ? schedule.totalTokens() : schedule.historyTokens(),
        full,
        rows);
  }

  private static Row row(
      PolicyFactory factory,
      PolicySpec spec,
      String text,
      Budget budget,
      long full,
      IntConsumer onScale) {
    MemoryModel memory = factory.memory();
    int tokens;
    CachePolicy policy;
    try {
      tokens = factory.tokens(spec, budget);
      policy = factory.create(spec, tokens);
    } catch (BudgetTooSmallException e) {
      return new Row(spec.toString(), text, null, null, null, null, e.getMessage());
    }
    CacheUsage usage = memory.usage(policy.plan());
    CacheSettings settings = new CacheSettings(policy, null, memory.keys(), memory.values());
    CacheUsage measured = onScale == null ? null : CacheMeasurement.run(settings, memory, onScale);
    double percent = full == 0 ? 100 : 100.0 * usage.peakKvBytes() / full;
    return new Row(
        policy.name(), text, tokens, Math.round(percent * 1000) / 1000.0, usage, measured, null);
  }
}
