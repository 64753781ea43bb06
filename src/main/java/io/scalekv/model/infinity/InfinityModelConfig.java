package io.scalekv.model.infinity;

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
import io.scalekv.model.Schedules;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.scene.Vocabulary;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration of an Infinity model: transformer, tokenizer, token maps and text. It is the file
 * {@code config.json} of a model folder.
 *
 * @param format {@value #FORMAT}
 * @param name of the model, as results state it
 * @param transformer shape of the transformer
 * @param tokenizer shape of the image tokenizer
 * @param sides sides of the square token maps, or null where the published schedules apply
 * @param rotarySide side to which rotary positions are normalised, or null with {@code sides}
 * @param size of the published schedules that is drawn unless another is asked for, or null with
 *     {@code sides} and for 1M
 * @param text {@code words} for the pocket models' word embedding, {@code t5} for flan-t5-xl
 */
public record InfinityModelConfig(
    String format,
    String name,
    InfinityConfig transformer,
    VaeConfig tokenizer,
    List<Integer> sides,
    Integer rotarySide,
    @JsonInclude(JsonInclude.Include.NON_NULL) String size,
    String text)
    implements ModelConfig {
  /** Version of this file format. */
  public static final String FORMAT = "scalekv-model-1";

  /** The family of these configurations. */
  public static final ModelFamily FAMILY =
      new ModelFamily(
          "infinity",
          FORMAT,
          EnumSet.complementOf(
              EnumSet.of(DrawingOption.CLASS, DrawingOption.TOP_K, DrawingOption.MORE_SMOOTH)),
          InfinityModelConfig::known,
          InfinityModelConfig.class);

  /** Text by the pocket models' word embedding. */
  public static final String WORDS = "words";

  private static final String LARGEST = "1M";

  /** Arrays of [L,C] that a layer makes besides the feed-forward part's. */
  private static final int LAYER_ARRAYS = 22;

  /** Text by the flan-t5-xl encoder. */
  public static final String T5 = "t5";

  /** Checks the parts against each other. */
  public InfinityModelConfig {
    require(FORMAT.equals(format), "format", FORMAT, format);
    require(name != null && !name.isBlank(), "name", "a name", name);
    require(transformer != null, "transformer", "an object", null);
    require(tokenizer != null, "tokenizer", "an object", null);
    require(WORDS.equals(text) || T5.equals(text), "text", WORDS + " or " + T5, text);
    require(
        transformer.codeBits() == tokenizer.codeBits(),
        "tokenizer/codeBits",
        transformer.codeBits(),
        tokenizer.codeBits());
    require((sides == null) == (rotarySide == null), "rotarySide", "given with sides", rotarySide);
    require(size == null || sides == null, "size", "left out with sides", size);
    require(size == null || Schedules.SIZES.contains(size), "size", Schedules.SIZES, size);
    if (sides != null) {
      sides = List.copyOf(sides);
      Require.between("/sides: number of sides", sides.size(), 1, InfinityConfig.LEVELS);
      sides.forEach(s -> Require.between("/sides", s, 1, 512));
      Require.between("/rotarySide", rotarySide, 1, 512);
    }
  }

  private static void require(boolean ok, String where, Object wanted, Object got) {
    Require.that(ok, "/%s must be %s, got %s", where, wanted, got);
  }

  /**
   * Returns a configuration as one of this family.
   *
   * @throws IllegalArgumentException if it is of another family
   */
  public static InfinityModelConfig cast(ModelConfig config) {
    Require.that(
        config instanceof InfinityModelConfig,
        "family of %s must be infinity, got %s",
        config.name(),
        config.family().name());
    return (InfinityModelConfig) config;
  }

  /** Returns the models known by name: the pocket models, then the published ones. */
  private static List<InfinityModelConfig> known() {
    InfinityConfig eightB = new InfinityConfig(40, 3584, 28, 14336, 14, true, 2048, 512, 8);
    VaeConfig patchified = new VaeConfig(14, 8, 128, List.of(1, 2, 4, 4), 2, 3, 32);
    return List.of(
        resource("pocket"),
        resource("pocket-l"),
        resource("pocket-xl"),
        published(
            "infinity-125m",
            new InfinityConfig(12, 768, 8, 3072, 16, false, 2048, 512, 4),
            new VaeConfig(16, 16, 128, List.of(1, 2, 4, 4, 4), 2, 3, 32),
            "0.06M"),
        published(
            "infinity-2b",
            new InfinityConfig(32, 2048, 16, 8192, 32, false, 2048, 512, 8),
            new VaeConfig(32, 16, 128, List.of(1, 2, 4, 4, 4), 2, 3, 32),
            null),
        published("infinity-8b", eightB, patchified, null),
        published("infinity-8b-512", eightB, patchified, "0.25M"));
  }

  private static InfinityModelConfig published(
      String name, InfinityConfig transformer, VaeConfig tokenizer, String size) {
    return new InfinityModelConfig(FORMAT, name, transformer, tokenizer, null, null, size, T5);
  }

  private static InfinityModelConfig resource(String name) {
    return cast(FAMILY.parse(ModelFamily.shippedConfig(name), name));
  }

  @Override
  public ModelFamily family() {
    return FAMILY;
  }

  @Override
  public Sampling sampling() {
    return Sampling.defaults();
  }

  @Override
  public Geometry geometry() {
    return transformer.geometry();
  }

  @Override
  public int tokenBits() {
    return transformer.tokenBits();
  }

  @Override
  public ScaleSchedule schedule(Optional<String> asked, double aspect) {
    if (sides == null) {
      return Schedules.of(aspect, asked.orElse(size == null ? LARGEST : size));
    }
    ScaleSchedule own = ScaleSchedule.ofSides(sides.stream().mapToInt(Integer::intValue).toArray());
    Require.that(
        aspect == 1 && (asked.isEmpty() || own.equals(Schedules.of(1, asked.get()))),
        "%s draws one size only, token maps %s; got --size %s --aspect %s",
        name,
        own.maps(),
        asked.orElse("(default)"),
        aspect);
    return own;
  }

  @Override
  public Optional<TokenMap> rotaryReference(double aspect) {
    return Optional.of(rotaryMap(aspect));
  }

  /** Returns the map to which rotary positions are normalised. */
  public TokenMap rotaryMap(double aspect) {
    return rotarySide == null
        ? Schedules.rotaryReference(aspect)
        : new TokenMap(rotarySide, rotarySide);
  }

  @Override
  public int[] pixels(ScaleSchedule schedule) {
    return new int[] {schedule.last().height() * perToken(), schedule.last().width() * perToken()};
  }

  private int perToken() {
    return tokenizer.patch() * (transformer.patchify() ? 2 : 1);
  }

  @Override
  public boolean drawsScenes() {
    return text.equals(WORDS);
  }

  @Override
  public int encodedTextWidth() {
    return text.equals(T5) ? transformer.textWidth() : 0;
  }

  @Override
  public void checkPrompt(String prompt) {
    if (drawsScenes()) {
      Vocabulary.encode(prompt);
    }
  }

  /**
   * {@inheritDoc} The blocks have qkv, projection, query and projection of cross attention and the
   * feed-forward part.
   */
  @Override
  public double linearOperations(int rows, int tokens) {
    double width = transformer.width();
    double block = 2 * width * (6 * width + 2.0 * transformer.ffnWidth());
    double head = 2 * width * 2 * tokenBits();
    return rows * (double) tokens * (transformer.depth() * block + head);
  }

  @Override
  public MemoryNeed memoryNeed(
      ScaleSchedule schedule, long cache, boolean guided, LoadOptions options) {
    boolean bf16 = options.bf16();
    InfinityConfig c = transformer;
    long weights = MemoryNeed.weights(InfinityWeights.shapes(c), bf16, InfinityWeights::isProduct);
    long layer = MemoryNeed.layer(schedule, guided, bf16, LAYER_ARRAYS, c.width(), c.ffnWidth());
    if (!options.tokenizer()) {
      return new MemoryNeed(weights, 0, cache, layer);
    }
    long decoded = MemoryNeed.decoded(tokenizer, perToken(), schedule);
    long parameters = MemoryNeed.weights(Vae.shapes(tokenizer), false, w -> false);
    return new MemoryNeed(weights, parameters, cache, Math.max(layer, decoded));
  }

  @Override
  public CheckpointNames files() {
    if (drawsScenes()) {
      return CheckpointNames.OWN;
    }
    return InfinityFiles.of(transformer, size);
  }

  @Override
  public ExpectedWeights transformerWeights() {
    Map<String, Shape> shapes = InfinityWeights.shapes(transformer);
    if (drawsScenes()) {
      shapes.putAll(WordEmbedder.shapes(transformer.textWidth()));
    }
    return ExpectedWeights.of(name, shapes)
        .passingOver(weight -> weight.startsWith("rope2d_freqs_grid"));
  }

  /**
   * {@inheritDoc} Files also hold the quantiser's buffers and training state; everything except
   * encoder and decoder is passed over. Older files name a convolution {@code x.weight} where newer
   * ones have {@code x.conv.weight}, and the same for norms.
   */
  @Override
  public ExpectedWeights tokenizerWeights() {
    return ExpectedWeights.of("the tokenizer of " + name, Vae.shapes(tokenizer))
        .passingOver(w -> !w.startsWith("encoder.") && !w.startsWith("decoder."))
        .orNamed(w -> List.of(w.replaceFirst("\\.(?:conv|norm)\\.(weight|bias)$", ".$1")));
  }

  /** {@inheritDoc} The feed-forward part keeps its ratio to the width. */
  @Override
  public InfinityModelConfig withGeometry(Geometry g) {
    InfinityConfig t = transformer;
    int ffn = (int) Math.round((double) g.width() * t.ffnWidth() / t.width());
    int chunks = g.layers() % t.blockChunks() == 0 ? t.blockChunks() : 1;
    return new InfinityModelConfig(
        format,
        name + "-" + g.layers() + "x" + g.width() + "-h" + g.heads(),
        new InfinityConfig(
            g.layers(),
            g.width(),
            g.heads(),
            ffn,
            t.codeBits(),
            t.patchify(),
            t.textWidth(),
            t.textMaxLength(),
            chunks),
        tokenizer,
        sides,
        rotarySide,
        size,
        text);
  }

  @Override
  public ImageModel open(ModelSource source, LoadOptions options, LoadListener listener) {
    return InfinityNetwork.open(this, source, options, listener);
  }
}
