package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.scalekv.cache.CacheType;
import io.scalekv.io.Require;
import io.scalekv.io.Software;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Psnr;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Result of a run. Parts that have no meaning for its kind are null.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param id of the run
 * @param run what was asked
 * @param provenance where, when and with what it was run
 * @param memory of the cache; null for distortions
 * @param latency times; only for {@link Run.Kind#LATENCY}
 * @param metrics values by {@link io.scalekv.metrics.Metric#key}, in the order of {@link Metrics}
 * @param bitAgreementByMap share of equal bits of each of the K maps; null where not measured
 * @param notes what was asked for and could not be measured, and why
 * @param images one entry an image, by prompt, then seed
 * @param attention shares of attention; only for {@link Run.Kind#ATTENTION}, else absent
 */
public record RunResult(
    int schemaVersion,
    String id,
    Run run,
    Provenance provenance,
    Memory memory,
    Latency latency,
    Map<String, Interval> metrics,
    List<Double> bitAgreementByMap,
    List<String> notes,
    List<Image> images,
    @JsonInclude(JsonInclude.Include.NON_NULL) Attention attention) {
  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 2;

  /** Copies the collections. */
  public RunResult {
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    notes = List.copyOf(notes);
    images = List.copyOf(images);
    bitAgreementByMap = bitAgreementByMap == null ? null : List.copyOf(bitAgreementByMap);
  }

  /**
   * Returns {@link Psnr#OF_MEAN_MSE} with its interval over prompts; empty where an image has no
   * PSNR.
   */
  public Optional<Interval> psnrOfMeanMse() {
    String key = Psnr.METRIC.key();
    if (images.isEmpty() || images.stream().anyMatch(i -> i.value(key) == null)) {
      return Optional.empty();
    }
    Map<Integer, List<Image>> byPrompt =
        images.stream()
            .collect(Collectors.groupingBy(Image::prompt, TreeMap::new, Collectors.toList()));
    return Optional.of(
        Psnr.ofMeanError(
            byPrompt.values().stream()
                .map(p -> p.stream().mapToDouble(i -> i.value(key)).toArray())
                .toArray(double[][]::new)));
  }

  /**
   * Returns the mean of a metric over the images of each prompt, [prompts].
   *
   * @throws IllegalArgumentException if an image has no value of it
   */
  public double[] byPrompt(String metric) {
    double[] sums = new double[run.prompts().count()];
    for (Image image : images) {
      Double value = image.value(metric);
      Require.that(
          value != null, "run %s: missing metric %s of an image: sweep with it", id, metric);
      sums[image.prompt()] += value / run.prompts().seeds();
    }
    return sums;
  }

  /**
   * Where a result comes from. Only {@code started}, {@code wallSeconds}, {@code generateSeconds},
   * {@code peakRssMiB} and {@code machine} differ between two runs of one run.
   *
   * @param experiment name of the experiment
   * @param specSha256 hash of its file
   * @param commit of the sources, {@code -dirty} where they were changed, or {@code unknown}
   * @param software versions
   * @param machine computer
   * @param started when the run began, ISO 8601 in UTC
   * @param wallSeconds from begin to end of the run
   * @param generateSeconds of these, inside the model
   * @param peakRssMiB most memory of the process while the run ran, or null where the system does
   *     not tell
   */
  public record Provenance(
      String experiment,
      String specSha256,
      String commit,
      Software software,
      Machine machine,
      String started,
      double wallSeconds,
      double generateSeconds,
      Long peakRssMiB) {}

  /**
   * Memory of the cache. Measured parts are null where only the formula was asked.
   *
   * @param budgetTokens nominal budget, mean tokens per layer and head
   * @param tokensBetweenScales mean tokens per layer and head when the last map reads them
   * @param peakTokens most tokens after any layer's write, mean over layers and heads
   * @param kvBytes most bytes of keys and values between scales, of one batch
   * @param peakKvBytes most bytes of keys and values after any layer's write
   * @param allocatedBytes most bytes taken from the system for them
   * @param nominalKvBytes bytes of {@code budgetTokens} in every layer and head, by formula
   * @param fullKvBytes bytes of a full cache in the same formats, by formula
   * @param percentOfFull share of {@code fullKvBytes} that the peak is; of the nominal bytes where
   *     nothing was measured
   * @param keyType number format of keys
   * @param valueType number format of values
   * @param branches guidance branches
   * @param batch images together
   */
  public record Memory(
      int budgetTokens,
      Double tokensBetweenScales,
      Double peakTokens,
      Long kvBytes,
      Long peakKvBytes,
      Long allocatedBytes,
      long nominalKvBytes,
      long fullKvBytes,
      double percentOfFull,
      CacheType keyType,
      CacheType valueType,
      int branches,
      int batch) {}

  /**
   * Times of generations, one batch each, the first (warm-up) not counted.
   *
   * @param seconds each
   * @param medianSeconds their median
   * @param fullSeconds each of the full cache's, drawn in turn with them
   * @param fullMedianSeconds their median
   */
  public record Latency(
      List<Double> seconds,
      double medianSeconds,
      List<Double> fullSeconds,
      double fullMedianSeconds) {
    /** Copies the lists. */
    public Latency {
      seconds = List.copyOf(seconds);
      fullSeconds = List.copyOf(fullSeconds);
    }
  }

  /**
   * How much of its attention a head gives the current map, in the conditional branch (figure 6a of
   * ScaleKV). The first map is left out of the means: it has nothing else to look at.
   *
   * @param queryRows query rows sampled of each map; {@code all} of a map with fewer
   * @param smallScales first and last of the small scales, from 1
   * @param largeScales first and last of the large scales
   * @param small mean share over heads, layers and small scales
   * @param large the same over large scales
   * @param difference large − small, paired by prompt
   * @param currentMass mean share over rows and prompts, [layer][scale][head], in [0, 1], four
   *     decimals
   */
  public record Attention(
      int queryRows,
      List<Integer> smallScales,
      List<Integer> largeScales,
      Interval small,
      Interval large,
      Interval difference,
      List<List<List<Double>>> currentMass) {
    /** Copies the lists. */
    public Attention {
      smallScales = List.copyOf(smallScales);
      largeScales = List.copyOf(largeScales);
      currentMass = currentMass.stream().map(l -> l.stream().map(List::copyOf).toList()).toList();
    }
  }

  /**
   * One image.
   *
   * @param prompt index of its prompt, from 0
   * @param seed its seed, as typed
   * @param identical whether it equals the reference in every byte
   * @param metrics by {@link io.scalekv.metrics.Metric#key}; null stands for +∞ (the PSNR of
   *     identical images); what was not measured is absent; nine significant digits
   */
  public record Image(int prompt, long seed, boolean identical, Map<String, Double> metrics) {
    private static final MathContext DIGITS = new MathContext(9);

    /** Copies the map. */
    public Image {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /** Rounds values, +∞ possible. */
    public static Image of(int prompt, long seed, boolean identical, Map<String, Double> values) {
      Map<String, Double> rounded = new LinkedHashMap<>();
      values.forEach((key, v) -> rounded.put(key, rounded(v)));
      return new Image(prompt, seed, identical, rounded);
    }

    private static Double rounded(double x) {
      return Double.isInfinite(x)
          ? null
          : Double.valueOf(new BigDecimal(x).round(DIGITS).doubleValue());
    }

    /** The value of a metric, +∞ possible, or null where not measured. */
    public Double value(String key) {
      Double v = metrics.get(key);
      return v == null && metrics.containsKey(key) ? Double.valueOf(Double.POSITIVE_INFINITY) : v;
    }
  }
}
