package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.scalekv.metrics.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A finished cell, the file {@code cells/ID.json}. Parts that have no meaning for its kind are
 * null.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param id of the cell
 * @param cell what was asked
 * @param provenance where, when and with what it was run
 * @param memory of the cache; null for distortions
 * @param latency times; only for {@link Cell.Kind#LATENCY}
 * @param means mean over images of every metric of pairs, by {@link Metric#result}, and of each
 *     share of faithfulness as {@code faithfulness.KEY}; in the order of {@link Metric}
 * @param bitAgreementByMap share of equal bits of each of the K maps; null where not measured
 * @param sets distances of the two sets, by {@link Metric#result}
 * @param notes what was asked for and could not be measured, and why
 * @param images one entry an image, by prompt, then seed
 * @param attention shares of attention; only for {@link Cell.Kind#ATTENTION}, else absent
 */
public record CellResult(
    int schemaVersion,
    String id,
    Cell cell,
    Provenance provenance,
    Memory memory,
    Latency latency,
    Map<String, Estimate> means,
    List<Double> bitAgreementByMap,
    Map<String, SetDistance> sets,
    List<String> notes,
    List<Image> images,
    @JsonInclude(JsonInclude.Include.NON_NULL) Attention attention) {
  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 1;

  /** Copies the collections. */
  public CellResult {
    means = Collections.unmodifiableMap(new LinkedHashMap<>(means));
    sets = Collections.unmodifiableMap(new LinkedHashMap<>(sets));
    notes = List.copyOf(notes);
    images = List.copyOf(images);
    bitAgreementByMap = bitAgreementByMap == null ? null : List.copyOf(bitAgreementByMap);
  }

  /** The same result as if it had been made nowhere and in no time: for comparisons. */
  public CellResult withoutProvenance() {
    Provenance nowhere =
        new Provenance(
            provenance.experiment(),
            provenance.specSha256(),
            SourceCommit.UNKNOWN,
            new Software("", "", "", ""),
            new Machine("", "", "", 1, 1),
            "1970-01-01T00:00:00Z",
            0,
            0,
            null);
    return new CellResult(
        schemaVersion,
        id,
        cell,
        nowhere,
        memory,
        latency,
        means,
        bitAgreementByMap,
        sets,
        notes,
        images,
        attention);
  }

  /**
   * Where a result comes from. Only {@code started}, {@code wallSeconds}, {@code generateSeconds},
   * {@code peakRssMiB} and {@code machine} differ between two runs of one cell.
   *
   * @param experiment name of the experiment
   * @param specSha256 hash of its file
   * @param commit of the sources, {@code -dirty} where they were changed, or {@code unknown}
   * @param software versions
   * @param machine computer
   * @param started when the cell began, ISO 8601 in UTC
   * @param wallSeconds from begin to end of the cell
   * @param generateSeconds of these, inside the model
   * @param peakRssMiB most memory of the process while the cell ran, or null where the system does
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
   * Memory of the cache.
   *
   * @param budgetTokens mean tokens per layer and head that were allowed
   * @param meanTokens mean tokens per layer and head that were held when the last map read them;
   *     null where only the formula was asked
   * @param kvCacheBytes most bytes of tokens held at once by one batch; null likewise
   * @param allocatedBytes most bytes taken from the system for them; null likewise
   * @param formulaBytes bytes of {@code budgetTokens} in every layer and head, by formula
   * @param fullBytes bytes of a full cache by formula, in the same formats
   * @param percentOfFull share of {@code denominatorTokens} that {@code budgetTokens} are
   * @param keyType number format of keys
   * @param valueType number format of values
   * @param branches guidance branches
   * @param batch images together
   * @param denominator {@code history}: 100 % are the maps that are read again, T_{K-1}
   * @param denominatorTokens that many tokens
   */
  public record Memory(
      int budgetTokens,
      Double meanTokens,
      Long kvCacheBytes,
      Long allocatedBytes,
      long formulaBytes,
      long fullBytes,
      double percentOfFull,
      String keyType,
      String valueType,
      int branches,
      int batch,
      String denominator,
      int denominatorTokens) {}

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
   * @param large likewise over large scales
   * @param difference large − small, paired by prompt
   * @param currentMass mean share over rows and prompts, [layer][scale][head], in [0, 1], four
   *     decimals
   */
  public record Attention(
      int queryRows,
      List<Integer> smallScales,
      List<Integer> largeScales,
      Estimate small,
      Estimate large,
      Estimate difference,
      List<List<List<Double>>> currentMass) {
    /** Copies the lists. */
    public Attention {
      smallScales = List.copyOf(smallScales);
      largeScales = List.copyOf(largeScales);
      currentMass = currentMass.stream().map(l -> l.stream().map(List::copyOf).toList()).toList();
    }
  }

  /**
   * A mean with its 95 % bootstrap interval over prompts.
   *
   * @param label of the metric, with its net where it has one
   * @param mean of the finite values; null if there is none
   * @param low lower end; null for fewer than two prompts with a finite value
   * @param high upper end; null likewise
   * @param n finite values
   * @param infinite values left out: identical images
   */
  public record Estimate(String label, Double mean, Double low, Double high, int n, int infinite) {
    /** An interval as it is kept in files. */
    public static Estimate of(String label, Interval i) {
      return new Estimate(
          label, number(i.mean()), number(i.low()), number(i.high()), i.n(), i.infinite());
    }

    private static Double number(double x) {
      return Double.isNaN(x) ? null : x;
    }
  }

  /**
   * A distance of two sets.
   *
   * @param label of the metric, with its net
   * @param value the distance; for KID the mean over subsets
   * @param standardDeviation over subsets, for KID; else null
   * @param dimensions of the features after projection
   * @param samples images in each set
   * @param subsets number of subsets, for KID; else null
   * @param subsetSize images in each, for KID; else null
   */
  public record SetDistance(
      String label,
      double value,
      Double standardDeviation,
      int dimensions,
      int samples,
      Integer subsets,
      Integer subsetSize) {}

  /** How many of some cases are right. */
  @JsonFormat(shape = JsonFormat.Shape.ARRAY)
  @JsonPropertyOrder({"right", "cases"})
  public record Share(int right, int cases) {}

  /**
   * One image. Metrics that were not measured are absent; numbers have nine significant digits.
   *
   * @param prompt index of its prompt, from 0
   * @param seed its seed, as typed; the model's seed is derived from both
   * @param identical whether it equals the reference in every byte; its PSNR is then infinite and
   *     absent
   * @param psnrDb see {@link Metric}
   * @param ssim likewise
   * @param msSsim likewise
   * @param haarPsi likewise
   * @param lpipsProxy likewise
   * @param lpips likewise
   * @param bitAgreement share of equal bits of all maps
   * @param faithfulness by the keys of {@link io.scalekv.scene.FaithfulnessRate}, those with a case
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Image(
      int prompt,
      long seed,
      boolean identical,
      Double psnrDb,
      Double ssim,
      Double msSsim,
      Double haarPsi,
      Double lpipsProxy,
      Double lpips,
      Double bitAgreement,
      Map<String, Share> faithfulness) {
    private static final MathContext DIGITS = new MathContext(9);

    /** Rounds. */
    public Image {
      psnrDb = rounded(psnrDb);
      ssim = rounded(ssim);
      msSsim = rounded(msSsim);
      haarPsi = rounded(haarPsi);
      lpipsProxy = rounded(lpipsProxy);
      lpips = rounded(lpips);
      bitAgreement = rounded(bitAgreement);
    }

    private static Double rounded(Double x) {
      return x == null ? null : Double.valueOf(new BigDecimal(x).round(DIGITS).doubleValue());
    }

    /** A metric of pairs, +∞ for the PSNR of identical images, or null where not measured. */
    public Double value(Metric metric) {
      return switch (metric) {
        case PSNR ->
            identical && psnrDb == null ? Double.valueOf(Double.POSITIVE_INFINITY) : psnrDb;
        case SSIM -> ssim;
        case MS_SSIM -> msSsim;
        case HAAR_PSI -> haarPsi;
        case LPIPS_PROXY -> lpipsProxy;
        case LPIPS -> lpips;
        case BITS -> bitAgreement;
        default -> null;
      };
    }
  }
}
