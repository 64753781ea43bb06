package io.scalekv.report;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.Frontier;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Run;
import io.scalekv.io.Require;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Recommendation of a cache setting for a peak of stored bytes: of the policies on a frontier, each
 * in its number formats, the one with the highest PSNR of the mean MSE at these bytes. Between two
 * measured budgets of a policy PSNR is interpolated linearly in the logarithm of the bytes; beyond
 * the largest it is that of the largest.
 *
 * @param budgetBytes most bytes of the whole batch
 * @param batch images drawn together
 * @param policyBudget its budget; null for the full cache
 * @param unconditionalBudget budget of the unconditional branch where it differs, or null
 * @param cfgUntil number of scales with guidance; null for all
 * @param budgetTokens nominal tokens per layer and head
 * @param peakKvBytes peak of stored bytes of the batch
 * @param evidence measurements; null for the full cache, which changes nothing
 */
public record Recommendation(
    String model,
    String budget,
    long budgetBytes,
    int batch,
    String policy,
    String policyBudget,
    String unconditionalBudget,
    Integer cfgUntil,
    int budgetTokens,
    CacheType keyType,
    CacheType valueType,
    long peakKvBytes,
    Evidence evidence) {
  /**
   * Measurements behind a recommendation.
   *
   * @param settings settings that were measured
   * @param interpolated whether the setting lies between two measured ones
   * @param psnrOfMeanMseDb PSNR of the mean squared error, interpolated or measured; null for
   *     identical images
   * @param measured the measured settings used, by bytes
   */
  public record Evidence(
      String experiment,
      String specSha256,
      int prompts,
      int images,
      int settings,
      boolean interpolated,
      Double psnrOfMeanMseDb,
      List<Frontier.Point> measured) {}

  /** Choice of one series at a number of bytes per image. */
  private record Choice(double psnrDb, long bytes, List<Frontier.Point> measured) {
    boolean interpolated() {
      return measured.size() > 1;
    }
  }

  /**
   * Returns the recommendation for a budget.
   *
   * @param asked bytes, or tokens, which mean their bytes in the model's number format
   * @param calibration calibration of the model at a nominal budget
   * @throws IllegalArgumentException if the budget is below every measured setting
   */
  public static Recommendation of(
      Frontier frontier,
      Geometry geometry,
      ScaleSchedule schedule,
      Budget asked,
      int batch,
      IntFunction<PolicyCalibration> calibration) {
    int branches = frontier.cfg() == 1 ? 1 : 2;
    CacheType dtype = CacheType.parse(frontier.model().dtype());
    MemoryModel memory = geometry.memory(CacheType.FP32, dtype, branches, batch);
    long bytes =
        asked.inBytes(schedule, memory) instanceof Budget.Bytes b
            ? b.count()
            : memory.bytes(asked.tokens(schedule), schedule.scales() - 1);
    String model = frontier.model().name();
    if (bytes >= memory.fullBytes(schedule)) {
      return new Recommendation(
          model,
          asked.toString(),
          bytes,
          batch,
          "full",
          null,
          null,
          null,
          schedule.historyTokens(),
          CacheType.FP32,
          dtype,
          memory.fullBytes(schedule),
          null);
    }
    Choice choice = choice(frontier, bytes / batch);
    Run.Policy p = choice.measured().get(0).policy();
    CacheType keys = CacheType.parse(p.keyType().toString());
    CacheType values = CacheType.parse(p.valueType().toString());
    String budget = p.budget();
    int tokens = p.budgetTokens();
    if (choice.interpolated()) {
      Budget between = new Budget.Bytes(BigDecimal.valueOf(choice.bytes() * batch), Budget.Unit.B);
      MemoryModel whole = geometry.memory(keys, values, branches, batch);
      MemoryModel stored = p.cfgUntil() == null ? whole : whole.guidedFor(p.cfgUntil());
      budget = between.toString();
      tokens =
          new PolicyFactory(schedule, stored, calibration, 0)
              .tokens(PolicySpec.parse(p.name()), between);
    }
    return new Recommendation(
        model,
        asked.toString(),
        bytes,
        batch,
        p.name(),
        budget,
        p.unconditionalBudget(),
        p.cfgUntil(),
        tokens,
        keys,
        values,
        choice.bytes() * batch,
        new Evidence(
            frontier.experiment(),
            frontier.specSha256(),
            frontier.prompts().count(),
            frontier.prompts().images(),
            frontier.candidates(),
            choice.interpolated(),
            Double.isFinite(choice.psnrDb()) ? choice.psnrDb() : null,
            choice.measured()));
  }

  private static Choice choice(Frontier frontier, long bytesPerImage) {
    Map<String, List<Frontier.Point>> series = new LinkedHashMap<>();
    for (Frontier.Point p : frontier.points()) {
      series.computeIfAbsent(p.series(), s -> new ArrayList<>()).add(p);
    }
    long least = frontier.points().stream().mapToLong(Frontier.Point::bytes).min().orElse(0);
    Require.that(
        bytesPerImage >= least,
        "budget must be at least %d bytes per image, the least that was measured of %s, got %d",
        least,
        frontier.model().name(),
        bytesPerImage);
    return series.values().stream()
        .filter(points -> points.stream().anyMatch(p -> p.bytes() <= bytesPerImage))
        .map(points -> choice(points, bytesPerImage))
        .max(
            Comparator.comparingDouble(Choice::psnrDb)
                .thenComparing(Comparator.comparing(Choice::bytes).reversed()))
        .orElseThrow();
  }

  private static Choice choice(List<Frontier.Point> points, long bytes) {
    Comparator<Frontier.Point> byBytes = Comparator.comparingLong(Frontier.Point::bytes);
    Frontier.Point below =
        points.stream().filter(p -> p.bytes() <= bytes).max(byBytes).orElseThrow();
    Frontier.Point above = points.stream().filter(p -> p.bytes() > bytes).min(byBytes).orElse(null);
    if (above == null
        || below.bytes() == bytes
        || Double.isInfinite(below.psnrDb())
        || Double.isInfinite(above.psnrDb())) {
      return new Choice(below.psnrDb(), below.bytes(), List.of(below));
    }
    double part =
        Math.log((double) bytes / below.bytes()) / Math.log((double) above.bytes() / below.bytes());
    double psnr = below.psnrDb() + part * (above.psnrDb() - below.psnrDb());
    return new Choice(psnr, bytes, List.of(below, above));
  }

  /** Returns the command that draws with this setting. */
  @JsonProperty
  public String command() {
    return "./scalekv " + String.join(" ", words());
  }

  /** Returns the words of the command after {@code ./scalekv}. */
  @JsonIgnore
  public List<String> words() {
    List<String> words = new ArrayList<>(List.of("generate", "--model", model, "--policy", policy));
    if (policyBudget != null) {
      words.addAll(List.of("--budget", policyBudget));
    }
    if (unconditionalBudget != null) {
      words.addAll(List.of("--cfg-budget-split", unconditionalBudget));
    }
    if (cfgUntil != null) {
      words.addAll(List.of("--cfg-until", String.valueOf(cfgUntil)));
    }
    if (batch > 1) {
      words.addAll(List.of("--batch", String.valueOf(batch)));
    }
    words.addAll(List.of("--key-type", keyType.toString(), "--value-type", valueType.toString()));
    return words;
  }

  /** Returns the recommendation for people. */
  @JsonIgnore
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s, batch %d: at most %,d bytes (%s)",
            model,
            batch,
            budgetBytes,
            budget));
    lines.add(
        String.format(
            Locale.ROOT,
            "%s%s: %d tokens per layer and head, keys %s, values %s: peak of %,d bytes",
            policy,
            policyBudget == null ? "" : " at " + policyBudget,
            budgetTokens,
            keyType,
            valueType,
            peakKvBytes));
    if (evidence == null) {
      lines.add("the full cache fits");
      return lines;
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "PSNR of mean MSE %s dB, %s; best of %d settings, %d images of %d prompts (%s)",
            evidence.psnrOfMeanMseDb() == null
                ? "∞"
                : ReportTable.fixed(evidence.psnrOfMeanMseDb(), 2),
            evidence.interpolated() ? "interpolated" : "measured",
            evidence.settings(),
            evidence.images(),
            evidence.prompts(),
            evidence.experiment()));
    for (Frontier.Point p : evidence.measured()) {
      lines.add(
          String.format(Locale.ROOT, "measured: %s, %,d bytes per image", p.label(), p.bytes()));
      p.metrics().forEach((key, v) -> lines.add("  " + words(key, v)));
    }
    return lines;
  }

  private static String words(String key, Interval v) {
    Metric m = Metrics.find(key).orElseThrow();
    String name = m.label() + (m.unit().isEmpty() ? " " : " (" + m.unit() + ") ");
    return name + MetricColumn.of(m, null).show(v);
  }
}
