package io.scalekv;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.Sweep;
import io.scalekv.experiment.folders.FolderScores;
import io.scalekv.experiment.folders.FolderScoring;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Software;
import io.scalekv.metrics.ImagePair;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.MetricNets;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.ReferenceFeatures;
import io.scalekv.metrics.Scoring;
import io.scalekv.metrics.Ssim;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.ModelChoice;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Laboratory: a model in memory that draws images under KV-cache policies. It is the entry point of
 * the library:
 *
 * <pre>{@code
 * try (Lab lab = Lab.open("pocket")) {
 *   RgbImage image = lab.policy("snapkv").budget("10%").draw(prompt);
 * }
 * }</pre>
 *
 * <p>A lab is immutable; one with another drawing or calibration shares the model, which {@link
 * #close} frees for all.
 */
public final class Lab implements AutoCloseable {
  private final ImageModel model;
  private final Drawing drawing;
  private final Optional<Calibration> calibration;

  private Lab(ImageModel model, Drawing drawing, Optional<Calibration> calibration) {
    this.model = model;
    this.drawing = drawing;
    this.calibration = calibration;
  }

  /**
   * Opens a model with its own weights in float32.
   *
   * @param model name of {@link io.scalekv.model.ModelCatalog} or folder with a config.json
   * @throws IllegalArgumentException if the model is unknown or has no weights
   */
  public static Lab open(String model) {
    return open(ModelChoice.of(model), LoadOptions.of(false));
  }

  /** Opens a model with its shipped calibration, if it has one. */
  public static Lab open(ModelChoice choice, LoadOptions options) {
    ImageModel model = choice.open(options, LoadListener.NONE);
    return new Lab(model, Drawing.defaults(model.config()), Sweep.shipped(choice));
  }

  /**
   * Scores folders of images against a reference folder by every metric that needs no file; needs
   * no model and writes nothing.
   *
   * @throws IllegalArgumentException for a folder without images or pairs, a damaged file, or two
   *     images of a pair that differ in size
   */
  public static FolderScores score(Path reference, List<Path> images) throws IOException {
    return FolderScoring.run(FolderScoring.Request.of(reference, images), null, RunListener.NONE);
  }

  /** Returns a lab that draws otherwise, with the same model. */
  public Lab with(Drawing newDrawing) {
    return new Lab(model, newDrawing, calibration);
  }

  /** Returns a lab with another calibration, with the same model. */
  public Lab with(Calibration newCalibration) {
    return new Lab(model, drawing, Optional.of(newCalibration));
  }

  /** Returns the model. */
  public ImageModel model() {
    return model;
  }

  /** Returns how images are drawn. */
  public Drawing drawing() {
    return drawing;
  }

  /** Returns the calibration of the policies that need one. */
  public Optional<Calibration> calibration() {
    return calibration;
  }

  /**
   * Returns a policy at a budget of 10 %.
   *
   * @param spec name with settings, such as {@code snapkv:window=grid,w=16}
   * @throws IllegalArgumentException if the policy or a setting is unknown
   */
  public PolicyRun policy(String spec) {
    PolicySpec parsed = PolicySpec.parse(spec);
    Policies.kind(parsed);
    return new PolicyRun(parsed, Budget.parse("10%"), CacheType.FP32, values());
  }

  private CacheType values() {
    return CacheType.parse(model.dtype());
  }

  /** Draws an image with the full cache and the drawing's first seed. */
  public RgbImage draw(String prompt) {
    return draw(new Prompt(prompt, drawing.seed()), model.fullCache(drawing.schedule()));
  }

  /** Draws images with the full cache, in the order of prompts, then seeds. */
  public List<RgbImage> draw(List<String> prompts) {
    return draw(prompts, model.fullCache(drawing.schedule()));
  }

  private RgbImage draw(Prompt prompt, CacheSettings cache) {
    return model.draw(drawing, List.of(prompt), cache, List.of(), GenerationListener.NONE).get(0);
  }

  private List<RgbImage> draw(List<String> prompts, CacheSettings cache) {
    return drawing.images(prompts).stream().map(p -> draw(p, cache)).toList();
  }

  /**
   * Calibrates the policies on prompts: roles by ASI and rank, and the parts that other policies
   * need.
   *
   * @param prompts at least one
   * @param budget such as {@code 10%}, at which layers are ranked
   */
  public Calibration calibrate(List<String> prompts, String budget) {
    DrawnAttention source =
        new DrawnAttention(model, drawing, PromptSet.ofTexts("(texts)", prompts));
    MemoryModel memory =
        model
            .geometry()
            .memory(CacheType.FP32, CacheType.FP32, drawing.sampling().guided() ? 2 : 1, 1);
    CalibrationRun run =
        new CalibrationRun(source, CalibrationRun.Options.defaults(Budget.parse(budget), memory));
    return run.calibration(
        run.measure(done -> {}),
        Software.current().byName(),
        Clock.systemUTC().instant(),
        done -> {});
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }

  /**
   * Images under a policy and those with the full cache, compared.
   *
   * @param images under the policy, in the order of prompts, then seeds
   * @param reference with the full cache
   * @param scores mean with 95 % interval over prompts by {@link Metric#key}
   * @param usage stored tokens and bytes of one image
   * @param fullKvBytes stored bytes of the full cache
   */
  public record Comparison(
      List<RgbImage> images,
      List<RgbImage> reference,
      Map<String, Interval> scores,
      CacheUsage usage,
      long fullKvBytes) {}

  /** Policy with its budget and number formats; immutable. */
  public final class PolicyRun {
    private final PolicySpec spec;
    private final Budget budget;
    private final CacheType keys;
    private final CacheType values;

    private PolicyRun(PolicySpec spec, Budget budget, CacheType keys, CacheType values) {
      this.spec = spec;
      this.budget = budget;
      this.keys = keys;
      this.values = values;
    }

    /**
     * Returns the policy at another budget.
     *
     * @param text such as {@code 10%}, {@code 650t} or {@code 600kB}; bytes are those of one image
     */
    public PolicyRun budget(String text) {
      return new PolicyRun(spec, Budget.parse(text), keys, values);
    }

    /** Returns the policy with other number formats of the stored keys and values. */
    public PolicyRun types(CacheType newKeys, CacheType newValues) {
      return new PolicyRun(spec, budget, newKeys, newValues);
    }

    private MemoryModel memory() {
      return model.geometry().memory(keys, values, drawing.sampling().guided() ? 2 : 1, 1);
    }

    /**
     * Returns the settings of the KV cache.
     *
     * @throws IllegalArgumentException if the policy needs a calibration that the lab does not have
     */
    public CacheSettings cache() {
      PolicyFactory factory =
          new PolicyFactory(
              drawing.schedule(),
              memory(),
              tokens ->
                  calibration
                      .map(
                          d ->
                              d.forPolicies(
                                  drawing.schedule(),
                                  model.geometry().layers(),
                                  model.geometry().heads(),
                                  tokens))
                      .orElse(PolicyCalibration.NONE),
              drawing.seed());
      int tokens = factory.tokens(spec, budget);
      return new CacheSettings(factory.create(spec, tokens), null, keys, values);
    }

    /** Draws an image with the drawing's first seed. */
    public RgbImage draw(String prompt) {
      return Lab.this.draw(new Prompt(prompt, drawing.seed()), cache());
    }

    /** Draws images in the order of prompts, then seeds. */
    public List<RgbImage> draw(List<String> prompts) {
      return Lab.this.draw(prompts, cache());
    }

    /** Draws images under the policy and with the full cache, and scores them by PSNR and SSIM. */
    public Comparison compare(List<String> prompts) {
      return compare(prompts, List.of(Psnr.METRIC, Ssim.METRIC));
    }

    /**
     * Draws images under the policy and with the full cache, and scores them.
     *
     * @param metrics that need no net
     */
    public Comparison compare(List<String> prompts, List<Metric> metrics) {
      CacheSettings cache = cache();
      List<RgbImage> reference = Lab.this.draw(prompts);
      List<RgbImage> images = Lab.this.draw(prompts, cache);
      List<ImagePair> pairs = new ArrayList<>();
      for (int i = 0; i < images.size(); i++) {
        int prompt = i / drawing.seeds();
        pairs.add(
            ImagePair.of(reference.get(i), images.get(i))
                .inGroup(prompt)
                .withCaption(model.config().caption(prompts.get(prompt))));
      }
      Scoring scoring = new Scoring(metrics, MetricNets.NONE, new ReferenceFeatures());
      scoring.accept(pairs);
      return new Comparison(
          images,
          reference,
          scoring.summary(),
          memory().usage(cache.plans(drawing.sampling().guided())),
          memory().fullBytes(drawing.schedule()));
    }
  }
}
