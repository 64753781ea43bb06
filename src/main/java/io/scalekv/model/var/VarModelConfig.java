package io.scalekv.model.var;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.CheckpointNames;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ImageModel;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelFamily;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Sampling;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration of a VAR model: transformer and tokenizer. It is the file {@code config.json} of a
 * model folder. Prompts are class numbers.
 *
 * @param format {@value #FORMAT}
 * @param name of the model, as results state it
 * @param transformer shape of the transformer
 * @param tokenizer shape of the image tokenizer
 * @param captions caption of every class in the scene language, or null for classes without
 */
public record VarModelConfig(
    String format,
    String name,
    VarConfig transformer,
    VqVaeConfig tokenizer,
    @JsonInclude(JsonInclude.Include.NON_NULL) List<String> captions)
    implements ModelConfig {
  /** Version of this file format. */
  public static final String FORMAT = "scalekv-var-1";

  /** The family of these configurations. */
  public static final ModelFamily FAMILY =
      new ModelFamily(
          "var",
          FORMAT,
          EnumSet.of(DrawingOption.CLASS, DrawingOption.TOP_K, DrawingOption.MORE_SMOOTH),
          VarModelConfig::known,
          VarModelConfig.class);

  /** Beginning of the names of the quantiser's weights. */
  static final String QUANTISER = "quantize.";

  /** Name of the codebook. */
  static final String CODEBOOK = QUANTISER + "embedding.weight";

  private static final int CLASSES = 1000;

  /** Arrays of [L,C] that a layer makes besides the feed-forward part's. */
  private static final int LAYER_ARRAYS = 18;

  /** Checks the parts against each other. */
  public VarModelConfig {
    Require.that(FORMAT.equals(format), "/format must be %s, got %s", FORMAT, format);
    Require.that(name != null && !name.isBlank(), "/name must be a name, got %s", name);
    Require.that(transformer != null, "/transformer must be an object, got null");
    Require.that(tokenizer != null, "/tokenizer must be an object, got null");
    same("codes", transformer.codes(), tokenizer.codes());
    same("codeWidth", transformer.codeWidth(), tokenizer.codeWidth());
    if (captions != null) {
      captions = List.copyOf(captions);
      Require.that(
          captions.size() == transformer.classes(),
          "/captions must be %d, one a class, got %d",
          transformer.classes(),
          captions.size());
    }
  }

  private static void same(String key, int wanted, int got) {
    Require.that(
        wanted == got, "/tokenizer/%s must be %d as in /transformer, got %d", key, wanted, got);
  }

  /** Returns the models known by name: the pocket model, then the published ones. */
  private static List<VarModelConfig> known() {
    return List.of(
        (VarModelConfig) FAMILY.parse(ModelFamily.shippedConfig("pocket-var"), "pocket-var"),
        published("var-d12", 12, VarConfig.SIDES_256, false),
        published("var-d16", 16, VarConfig.SIDES_256, false),
        published("var-d20", 20, VarConfig.SIDES_256, false),
        published("var-d24", 24, VarConfig.SIDES_256, false),
        published("var-d30", 30, VarConfig.SIDES_256, false),
        published("var-d36-512", 36, VarConfig.SIDES_512, true));
  }

  private static VarModelConfig published(
      String name, int depth, List<Integer> sides, boolean shared) {
    VqVaeConfig tokenizer = VqVaeConfig.PUBLISHED;
    VarConfig transformer =
        new VarConfig(
            depth,
            64 * depth,
            depth,
            256 * depth,
            CLASSES,
            tokenizer.codes(),
            tokenizer.codeWidth(),
            sides,
            shared);
    return new VarModelConfig(FORMAT, name, transformer, tokenizer, null);
  }

  @Override
  public ModelFamily family() {
    return FAMILY;
  }

  /** {@inheritDoc} That of the README's FID: cfg 1.5, top-k 900, top-p 0.96. */
  @Override
  public Sampling sampling() {
    return Sampling.ofCodes(1.5, Math.min(900, transformer.codes()), 0.96, false);
  }

  @Override
  public Geometry geometry() {
    return transformer.geometry();
  }

  /** {@inheritDoc} A code is the index of a codebook. */
  @Override
  public int tokenBits() {
    return transformer.codeBits();
  }

  @Override
  public ScaleSchedule schedule(Optional<String> size, double aspect) {
    ScaleSchedule own = transformer.schedule();
    Require.that(
        size.isEmpty() && aspect == 1,
        "%s draws one size only, token maps %s; got --size %s --aspect %s",
        name,
        own.maps(),
        size.orElse("(default)"),
        aspect);
    return own;
  }

  /** {@inheritDoc} Positions are added to the input of the first layer. */
  @Override
  public Optional<TokenMap> rotaryReference(double aspect) {
    return Optional.empty();
  }

  @Override
  public int[] pixels(ScaleSchedule schedule) {
    int patch = tokenizer.patch();
    return new int[] {schedule.last().height() * patch, schedule.last().width() * patch};
  }

  @Override
  public int classes() {
    return transformer.classes();
  }

  @Override
  public String caption(String prompt) {
    return captions == null ? "class " + prompt : captions.get(classOf(prompt));
  }

  @Override
  public boolean drawsScenes() {
    return captions != null;
  }

  @Override
  public int encodedTextWidth() {
    return 0;
  }

  @Override
  public void checkPrompt(String text) {
    classOf(text);
  }

  /** Returns the class that a prompt names. */
  int classOf(String prompt) {
    boolean number = prompt.matches("0|[1-9][0-9]{0,8}");
    Require.that(
        number && Integer.parseInt(prompt) < classes(),
        "class must be between 0 and %d, got %s",
        classes() - 1,
        prompt);
    return Integer.parseInt(prompt);
  }

  /**
   * {@inheritDoc} The blocks have qkv, projection and the feed-forward part; the modulation, which
   * depends on the class alone, is not counted.
   */
  @Override
  public double linearOperations(int rows, int tokens) {
    double width = transformer.width();
    double block = 2 * width * (4 * width + 2.0 * transformer.ffnWidth());
    double head = 2 * width * transformer.codes();
    return rows * (double) tokens * (transformer.depth() * block + head);
  }

  @Override
  public MemoryNeed memoryNeed(
      ScaleSchedule schedule, long cache, boolean guided, LoadOptions options) {
    boolean bf16 = options.bf16();
    VarConfig c = transformer;
    long weights = MemoryNeed.weights(VarWeights.shapes(c), bf16, VarWeights::isProduct);
    long layer = MemoryNeed.layer(schedule, guided, bf16, LAYER_ARRAYS, c.width(), c.ffnWidth());
    long logits = ((guided ? 2 : 1) + 2L) * schedule.last().tokens() * 4 * c.codes();
    long most = Math.max(layer, logits);
    if (!options.tokenizer()) {
      return new MemoryNeed(weights, 4L * c.codes() * c.codeWidth(), cache, most);
    }
    long decoded = MemoryNeed.decoded(tokenizer.network(), tokenizer.patch(), schedule);
    long parameters = MemoryNeed.weights(VqVae.shapes(tokenizer), false, w -> false);
    return new MemoryNeed(weights, parameters, cache, Math.max(most, decoded));
  }

  @Override
  public CheckpointNames files() {
    if (captions != null) {
      return CheckpointNames.OWN;
    }
    String file = "var_d" + transformer.depth();
    return new CheckpointNames(
        List.of(
            file + ".pth",
            file + ".safetensors",
            "ar-ckpt-*.pth",
            "model.safetensors",
            CheckpointNames.TRANSFORMER),
        List.of(
            "vae_ch160v4096z32.pth", "vae_ch160v4096z32.safetensors", CheckpointNames.TOKENIZER),
        null,
        "published on the Hugging Face hub as FoundationVision/var");
  }

  @Override
  public ExpectedWeights transformerWeights() {
    return VarWeights.expected(name, transformer);
  }

  /** {@inheritDoc} The count of uses of the codes is passed over. */
  @Override
  public ExpectedWeights tokenizerWeights() {
    return ExpectedWeights.of("the tokenizer of " + name, VqVae.shapes(tokenizer))
        .passingOver(QUANTISER.concat("ema_vocab_hit_SV")::equals);
  }

  /** Returns the weights of the codebook and its convolutions alone, which sampling needs. */
  ExpectedWeights quantiserWeights() {
    Map<String, Shape> shapes = VqVae.shapes(tokenizer);
    shapes.keySet().removeIf(weight -> !weight.startsWith(QUANTISER));
    return ExpectedWeights.of("the quantiser of " + name, shapes).passingOver(weight -> true);
  }

  /** {@inheritDoc} The feed-forward part keeps its ratio to the width. */
  @Override
  public VarModelConfig withGeometry(Geometry g) {
    VarConfig t = transformer;
    return new VarModelConfig(
        format,
        name + "-" + g.layers() + "x" + g.width() + "-h" + g.heads(),
        new VarConfig(
            g.layers(),
            g.width(),
            g.heads(),
            (int) Math.round((double) g.width() * t.ffnWidth() / t.width()),
            t.classes(),
            t.codes(),
            t.codeWidth(),
            t.sides(),
            t.sharedAda()),
        tokenizer,
        captions);
  }

  @Override
  public ImageModel open(ModelSource source, LoadOptions options, LoadListener listener) {
    return VarNetwork.open(this, source, options, listener);
  }
}
