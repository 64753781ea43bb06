package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.CanonicalJson;
import io.scalekv.model.Drawing;
import io.scalekv.model.Guidance;
import io.scalekv.model.PerScale;
import io.scalekv.model.Prompt;
import io.scalekv.model.Sampling;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Run of an experiment before it is run: everything that determines its numbers, and nothing else.
 * Parts that have no meaning for its kind are null.
 *
 * @param kind what is done
 * @param model the model
 * @param generation how images are drawn
 * @param prompts which images; null for {@link Kind#MEMORY}
 * @param policy what the cache keeps; the full cache for baselines
 * @param calibration what tells the policy about the model; null where it needs nothing
 * @param distortion rung of the ladder, such as {@code jpeg 90}; only for {@link Kind#DISTORTION}
 * @param metrics names of {@link Metrics}, in their order; empty for memory and latency
 * @param nets the nets behind these metrics; null where no metric needs one
 * @param repeats timed generations; only for {@link Kind#LATENCY}
 */
public record Run(
    Kind kind,
    Model model,
    Generation generation,
    Prompts prompts,
    Policy policy,
    Calibration calibration,
    String distortion,
    List<String> metrics,
    Nets nets,
    Integer repeats) {
  /** What a run does. */
  public enum Kind {
    /** Images under a policy against those of the full cache. */
    POLICY,
    /** Images of other seeds under the full cache against the references. */
    OTHER_SEED,
    /** The references, distorted, against the references. */
    DISTORTION,
    /** Bytes of the cache by formula. */
    MEMORY,
    /** Time of a generation. */
    LATENCY,
    /** Where the full cache's attention goes. */
    ATTENTION;

    /** Whether images are compared with those of the full cache. */
    public boolean compared() {
      return this == POLICY || this == OTHER_SEED || this == DISTORTION;
    }

    /** Name in files. */
    @JsonValue
    public String key() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * The model.
   *
   * @param name as its configuration states it
   * @param weights {@code sha256:} and the hash of its weights, or {@code random:} and a seed; null
   *     for {@link Kind#MEMORY}, which needs none
   * @param dtype {@code fp32} or {@code bf16}
   */
  public record Model(String name, String weights, String dtype) {}

  /**
   * How images are drawn.
   *
   * @param cfg guidance on the logits
   * @param tau temperature
   * @param topP nucleus of each bit or code
   * @param topK number of codes that are drawn; null for a model that draws bits
   * @param moreSmooth whether codes are mixed; null where the family does not mix
   * @param cfgs guidance at each scale; null where it is {@code cfg} at all
   * @param taus temperature at each scale; null where it is {@code tau} at all
   * @param negative negative prompt, may be empty
   * @param schedule token maps, such as {@code 16x16}
   * @param aspect height / width
   * @param batch images drawn together
   */
  public record Generation(
      double cfg,
      double tau,
      double topP,
      @JsonInclude(JsonInclude.Include.NON_NULL) Integer topK,
      @JsonInclude(JsonInclude.Include.NON_NULL) Boolean moreSmooth,
      @JsonInclude(JsonInclude.Include.NON_NULL) List<Double> cfgs,
      @JsonInclude(JsonInclude.Include.NON_NULL) List<Double> taus,
      String negative,
      List<String> schedule,
      double aspect,
      int batch) {
    /** Copies the lists. */
    public Generation {
      cfgs = cfgs == null ? null : List.copyOf(cfgs);
      taus = taus == null ? null : List.copyOf(taus);
      schedule = List.copyOf(schedule);
    }

    /** Returns how a model draws images. */
    static Generation of(
        Sampling s, String negative, ScaleSchedule schedule, double aspect, int batch) {
      boolean codes = s.guidance() == Guidance.GROWING;
      return new Generation(
          s.cfg(),
          s.tau(),
          s.topP(),
          codes ? s.topK() : null,
          codes ? s.moreSmooth() : null,
          several(s.cfgs()),
          several(s.taus()),
          negative,
          schedule.maps().stream().map(Object::toString).toList(),
          aspect,
          batch);
    }

    private static List<Double> several(PerScale numbers) {
      return numbers.values().size() == 1 ? null : numbers.values();
    }

    private Sampling sampling() {
      return topK == null
          ? Sampling.of(
              cfgs == null ? PerScale.of(cfg) : new PerScale(cfgs),
              taus == null ? PerScale.of(tau) : new PerScale(taus),
              topP,
              0)
          : Sampling.ofCodes(cfg, topK, topP, moreSmooth);
    }

    /** Guidance branches, 1 or 2. */
    public int branches() {
      return sampling().guided() ? 2 : 1;
    }

    /** The token maps. */
    public ScaleSchedule maps() {
      return new ScaleSchedule(schedule.stream().map(TokenMap::parse).toList());
    }

    /** Returns how the images are drawn, with one image a prompt. */
    public Drawing drawing(long seed) {
      return new Drawing(maps(), aspect, sampling(), negative, seed);
    }
  }

  /**
   * Which images.
   *
   * @param sha256 of the prompts used, one a line
   * @param count number of prompts
   * @param seeds images per prompt
   * @param firstSeed seed of the first image of each prompt; the others follow
   */
  public record Prompts(String sha256, int count, int seeds, long firstSeed) {
    /** Number of images. */
    public int images() {
      return Math.multiplyExact(count, seeds);
    }

    /** The prompt of an image; images are in the order of prompts, then seeds. */
    public int promptOf(int image) {
      return image / seeds;
    }

    /** The seed of an image, as typed. */
    public long seedOf(int image) {
      return firstSeed + image % seeds;
    }

    /** Returns the file of an image of a prompt, such as {@code p0003-s1.png}. */
    public static String file(int prompt, long seed) {
      return String.format(Locale.ROOT, "p%04d-s%d.png", prompt, seed);
    }

    /**
     * Returns the images from..to−1.
     *
     * @param texts of all prompts
     * @param shift added to every seed
     */
    List<Prompt> images(List<String> texts, int from, int to, long shift) {
      return IntStream.range(from, to)
          .mapToObj(i -> new Prompt(texts.get(promptOf(i)), seedOf(i) + shift))
          .toList();
    }
  }

  /**
   * What the cache keeps.
   *
   * @param name policy with its settings
   * @param budget as it was asked for; null for the full cache
   * @param budgetTokens mean tokens per layer and head that it means; T_{K-1} for the full cache
   * @param unconditionalBudget budget of the unconditional branch where it is another one, or null
   * @param unconditionalTokens what that means, or null
   * @param keyType number format of keys
   * @param valueType number format of values
   * @param cfgUntil number of scales with guidance, after which the cache of the unconditional
   *     branch is freed; null for all scales
   */
  public record Policy(
      String name,
      String budget,
      int budgetTokens,
      String unconditionalBudget,
      Integer unconditionalTokens,
      CacheType keyType,
      CacheType valueType,
      @JsonInclude(JsonInclude.Include.NON_NULL) Integer cfgUntil) {
    /**
     * Returns what runs at an equal budget share: the peak where bytes were asked for, however many
     * tokens it is to a policy, otherwise the tokens per layer and head.
     */
    public String equalBudget() {
      Budget asked = budget == null ? null : Budget.parse(budget);
      return asked instanceof Budget.Bytes b
          ? b.count() + " bytes"
          : asked instanceof Budget.Peak p ? p.uniform() + " peak" : budgetTokens + " tokens";
    }
  }

  /** Source of the roles and other parts that a policy needs. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "source")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Calibration.Shipped.class, name = "shipped"),
    @JsonSubTypes.Type(value = Calibration.Random.class, name = "random"),
    @JsonSubTypes.Type(value = Calibration.Measured.class, name = "measured")
  })
  public sealed interface Calibration {
    /** Number of drafters N_d; null for the default. */
    default Integer drafters() {
      return null;
    }

    /**
     * Comes with the model.
     *
     * @param sha256 of the parts that the policy needs; null where none come with the model
     */
    record Shipped(String sha256) implements Calibration {}

    /**
     * Roles drawn at random.
     *
     * @param drafters N_d; null for the default
     * @param seed of the roles
     */
    record Random(Integer drafters, long seed) implements Calibration {}

    /**
     * Measured for the run.
     *
     * @param statistic that assigns roles
     * @param inverted whether drafters are taken from the other end of the statistic
     * @param topK K' of the statistic
     * @param drafters N_d; null for the default
     * @param promptSha256 hash of the calibration prompts, one a line
     * @param prompts number of them
     * @param seed of the calibration images and query rows
     * @param querySamples query rows of a map, {@code all} or a number
     */
    record Measured(
        String statistic,
        boolean inverted,
        String topK,
        Integer drafters,
        String promptSha256,
        int prompts,
        long seed,
        String querySamples)
        implements Calibration {}
  }

  /**
   * The nets behind feature distances.
   *
   * @param features name of the net behind {@code lpips_proxy}, {@code frechet} and {@code kid}
   * @param featuresHash what fixes its weights
   * @param lpips label of the user's LPIPS file, or null
   * @param lpipsHash its hash
   * @param lpipsRange {@code -1..1} or {@code 0..1}
   * @param inceptionHash hash of the user's Inception file, or null
   */
  public record Nets(
      String features,
      String featuresHash,
      String lpips,
      String lpipsHash,
      String lpipsRange,
      String inceptionHash) {
    /** No nets. */
    public static final Nets NONE = new Nets(null, null, null, null, null, null);

    /** Returns these with a feature net. */
    Nets withFeatures(String name, String hash) {
      return new Nets(name, hash, lpips, lpipsHash, lpipsRange, inceptionHash);
    }
  }

  /** Copies the list. */
  public Run {
    metrics = List.copyOf(metrics);
  }

  /** Returns how its images are drawn, with one image a prompt. */
  Drawing drawing() {
    Drawing whole = generation.drawing(prompts == null ? 0 : prompts.firstSeed());
    return policy.cfgUntil() == null ? whole : whole.guidedUntil(policy.cfgUntil());
  }

  /** Number of steps that its runner reports, calibrations and references apart. */
  int steps() {
    int batch = generation.batch();
    return switch (kind) {
      case MEMORY -> 0;
      case LATENCY -> repeats;
      default -> (prompts.images() + batch - 1) / batch;
    };
  }

  /** The first 16 hexadecimal digits of the SHA-256 of this run's canonical JSON. */
  public String id() {
    return CanonicalJson.id(this);
  }

  /** What determines the images of the full cache that this run is compared with. */
  ReferenceKey reference() {
    return new ReferenceKey(model, generation, prompts);
  }

  /** Returns the folder of these images below that of all reference images. */
  public String referenceId() {
    return reference().id();
  }

  /** Returns the number of batches of these images; 0 where nothing is compared. */
  public int referenceBatches() {
    return kind.compared() ? steps() : 0;
  }
}
