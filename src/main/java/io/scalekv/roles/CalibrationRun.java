package io.scalekv.roles;

import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetPlan;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.io.Require;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.PromptValues;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Calibration of a model from the attention of a few images under the full cache (Li et al.,
 * ScaleKV, NeurIPS 2025, arXiv 2505.19602, section 3): statistics of every layer and scale, roles
 * and budgets, and the parts that other policies need.
 */
public final class CalibrationRun {
  /**
   * Statistics to measure and rules to apply.
   *
   * @param profile sampling of attention
   * @param statistic assigns the roles
   * @param budget mean cache of a layer and head
   * @param memory bytes of the model's cache, for budgets in bytes
   * @param allocation how drafters and refiners share the budget
   * @param classifier assigns the roles
   * @param bootstrapDraws draws of prompts for the confidence in the roles; 0 for none
   * @param sureOnly whether a drafter that the draws do not settle, see {@link UnsureRole}, gets
   *     the equal share of the refiners; without draws all drafters stay
   * @param seed of the bootstrap
   * @param parts names of the parts to measure besides the roles
   */
  public record Options(
      ProfileOptions profile,
      LayerStatistic statistic,
      Budget budget,
      MemoryModel memory,
      Allocation allocation,
      RoleClassifier classifier,
      int bootstrapDraws,
      boolean sureOnly,
      long seed,
      Set<String> parts) {
    /** Checks the parts. */
    public Options {
      List<String> known = CalibrationPart.ALL.stream().map(CalibrationPart::name).toList();
      for (String part : parts) {
        Require.that(known.contains(part), "part must be one of %s, got %s", known, part);
      }
      parts = Set.copyOf(parts);
    }

    /** Returns options that measure and assign no roles. */
    public static Options of(ProfileOptions profile, Set<String> parts) {
      return new Options(
          profile,
          LayerStatistic.ASI,
          new Budget.Tokens(1),
          null,
          new Allocation.Released(),
          RoleClassifier.of("rank", OptionalInt.empty(), 0),
          0,
          false,
          0,
          parts);
    }

    /** Returns the options of {@code ./scalekv calibrate} without further options. */
    public static Options defaults(Budget budget, MemoryModel memory) {
      return new Options(
          ProfileOptions.defaults(),
          LayerStatistic.ASI,
          budget,
          memory,
          new Allocation.Released(),
          RoleClassifier.of("rank", OptionalInt.empty(), 0),
          RoleBootstrap.DRAWS,
          true,
          0,
          tappedParts());
    }
  }

  /** Returns the names of the parts that cost no further passes. */
  public static Set<String> tappedParts() {
    return CalibrationPart.ALL.stream()
        .filter(CalibrationPart.Tapped.class::isInstance)
        .map(CalibrationPart::name)
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Returns the parts that cost no further passes but need attention that a source lacks: their
   * names, with one line each.
   */
  public static SortedMap<String, String> lackedParts(AttentionSource source) {
    SortedMap<String, String> lacked = new TreeMap<>();
    for (CalibrationPart<?> part : CalibrationPart.ALL) {
      if (part instanceof CalibrationPart.Tapped) {
        lacking(source, part).ifPresent(line -> lacked.put(part.name(), line));
      }
    }
    return lacked;
  }

  private static Optional<String> lacking(AttentionSource source, CalibrationPart<?> part) {
    return AttentionSource.lacking(source, "part " + part.name(), part.needs(source));
  }

  private final AttentionSource source;
  private final Options options;

  /**
   * Returns a calibration of a model's attention.
   *
   * @throws IllegalArgumentException if the source lacks attention that a part needs; one line
   */
  public CalibrationRun(AttentionSource source, Options options) {
    for (CalibrationPart<?> part : CalibrationPart.ALL) {
      if (options.parts().contains(part.name())) {
        Optional<String> lacking = lacking(source, part);
        Require.that(lacking.isEmpty(), "%s", lacking.orElse(""));
      }
    }
    this.source = source;
    this.options = options;
  }

  private List<CalibrationPart.Tapped<?>> tapped() {
    List<CalibrationPart.Tapped<?>> parts = new ArrayList<>();
    for (CalibrationPart<?> part : CalibrationPart.ALL) {
      if (part instanceof CalibrationPart.Tapped<?> t && options.parts().contains(part.name())) {
        parts.add(t);
      }
    }
    return parts;
  }

  private boolean asksCurves() {
    return options.parts().contains(CalibrationPart.ERROR_CURVES.name());
  }

  /** Returns the numbers per (layer, scale) of each tapped part, by its name. */
  public Map<String, Integer> widths() {
    return tapped().stream()
        .collect(Collectors.toMap(CalibrationPart::name, p -> p.width(source.shape())));
  }

  /** Returns the facts that all shards of this calibration have in common, by name. */
  public SortedMap<String, String> provenance() {
    SortedMap<String, String> facts = source.provenance();
    facts.put("sampling", sampling().toString());
    return facts;
  }

  /**
   * Returns the mean budget in tokens per layer and head of a cache that all layers share alike.
   */
  private int uniformTokens() {
    int layers = source.geometry().layers();
    return options
        .budget()
        .tokens(
            source.schedule(),
            options.memory(),
            b -> BudgetPlan.uniform(source.schedule(), layers, b));
  }

  /** Sampling, with the simulated cache that the statistic needs, if it needs one. */
  private ProfileOptions sampling() {
    return source.sampling(
        options.statistic().needsBudget()
            ? options.profile().withCutTokens(uniformTokens())
            : options.profile());
  }

  /** Measures all images, one by one. */
  public Measurements measure(IntConsumer progress) {
    return measure(1, progress, IntStream.range(0, source.images()).toArray());
  }

  /**
   * Measures some images; the result of an image depends on the others of its batch only through
   * rounding.
   *
   * @param batch images replayed together, at least 1
   * @param progress receives the number of images measured so far
   * @param images which ones, at least one
   */
  public Measurements measure(int batch, IntConsumer progress, int... images) {
    if (source.statistics().isPresent()) {
      return ofStatistics(source.statistics().get(), images);
    }
    Map<String, Function<PromptTap.Generation, PromptTap>> taps = new TreeMap<>();
    tapped().forEach(part -> taps.put(part.name(), part::tap));
    return Measurements.of(source, sampling(), taps, batch, progress, images);
  }

  /** Returns the measurements that statistics in place of tensors hold. */
  private Measurements ofStatistics(AttentionProfile all, int... images) {
    AttentionProfile profile =
        AttentionProfile.of(
            all.geometry(),
            sampling(),
            Arrays.stream(images).mapToObj(all.prompts()::get).toList());
    SortedMap<String, PromptValues> values = new TreeMap<>();
    tapped().forEach(part -> values.put(part.name(), part.of(profile)));
    return new Measurements(profile, values);
  }

  /** Returns the values of the tapped parts as policies read them, by name. */
  public PolicyCalibration forPolicies(Measurements measured) {
    PolicyCalibration policies = PolicyCalibration.NONE;
    for (CalibrationPart.Tapped<?> part : tapped()) {
      policies = with(policies, part, measured);
    }
    return policies;
  }

  private <T> PolicyCalibration with(
      PolicyCalibration policies, CalibrationPart.Tapped<T> part, Measurements measured) {
    T value = part.finish(measured.values().get(part.name()));
    return policies.with(part.name(), part.forPolicies(value, source.schedule(), 1));
  }

  /**
   * Returns the number of images that {@link #calibration} replays for parts with further passes.
   */
  public int steps() {
    return asksCurves() ? CalibrationPart.ERROR_CURVES.steps(source) : 0;
  }

  /**
   * Returns the calibration of all images; parts with separate passes are measured here.
   *
   * @param measured measurements of all images
   * @param software versions, by name
   * @param progress receives the number of images replayed so far
   */
  public Calibration calibration(
      Measurements measured,
      Map<String, String> software,
      Instant timestamp,
      IntConsumer progress) {
    Calibration calibration =
        Calibration.empty(timestamp, model(), provenance(), software)
            .with(CalibrationPart.ROLES, roles(measured.profile()));
    for (CalibrationPart.Tapped<?> part : tapped()) {
      calibration = calibration.with(part.name(), part.finish(measured.values().get(part.name())));
    }
    return asksCurves()
        ? calibration.with(
            CalibrationPart.ERROR_CURVES, CalibrationPart.ERROR_CURVES.measure(source, progress))
        : calibration;
  }

  private CalibratedModel model() {
    SortedMap<String, String> facts = source.provenance();
    return new CalibratedModel(
        facts.getOrDefault("model", "unknown"),
        facts.getOrDefault("weights", CalibratedModel.UNKNOWN_WEIGHTS),
        source.geometry().layers(),
        source.geometry().heads(),
        source.schedule());
  }

  /** Returns roles and budgets from statistics. */
  public Roles roles(AttentionProfile profile) {
    LayerStatistics table = LayerStatistics.of(profile);
    Map<Integer, Classification> byFirstCut = new HashMap<>();
    IntFunction<Classification> at =
        b ->
            byFirstCut.computeIfAbsent(
                BudgetPlan.firstCutScale(source.schedule(), b), f -> classification(table, f));
    int tokens =
        options
            .budget()
            .tokens(source.schedule(), options.memory(), b -> plan(at.apply(b).roles(), b));
    Classification found = at.apply(tokens);
    return Roles.of(
        found.roles(),
        options.profile().historyTopK().toString(),
        found.bootstrap(),
        options.budget().toString(),
        options.allocation(),
        plan(found.roles(), tokens));
  }

  /**
   * Roles at a first scale with a compressed cache.
   *
   * @param bootstrap their confidence, or null
   */
  private record Classification(ClassifiedRoles roles, RoleBootstrap bootstrap) {}

  private Classification classification(LayerStatistics table, int first) {
    RoleRule rule = new RoleRule(options.statistic(), first, options.classifier());
    ClassifiedRoles roles = rule.roles(table);
    if (options.bootstrapDraws() == 0 || table.prompts() < 2) {
      return new Classification(roles, null);
    }
    RoleBootstrap bootstrap =
        RoleBootstrap.of(table, rule, options.bootstrapDraws(), options.seed());
    return new Classification(
        options.sureOnly() ? roles.sure(bootstrap::drafterProbability) : roles, bootstrap);
  }

  private BudgetPlan plan(ClassifiedRoles classified, int tokens) {
    return BudgetPlan.of(
        source.schedule(), tokens, classified.assignment().mask(), options.allocation());
  }
}
