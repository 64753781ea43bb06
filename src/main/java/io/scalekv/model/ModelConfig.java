package io.scalekv.model;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.vae.VaeConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a model is: its transformer, its tokenizer, its token maps and its text. The file {@code
 * config.json} of a model folder.
 *
 * @param format {@value #FORMAT}
 * @param name of the model, as results state it
 * @param transformer shape of the transformer
 * @param tokenizer shape of the image tokenizer
 * @param sides sides of the square token maps, or null where the published schedules apply
 * @param rotarySide side to which rotary positions are normalised, or null likewise
 * @param text {@code words} for the pocket model's word embedding, {@code t5} for flan-t5-xl
 */
public record ModelConfig(
    String format,
    String name,
    InfinityConfig transformer,
    VaeConfig tokenizer,
    List<Integer> sides,
    Integer rotarySide,
    String text) {
  /** Version of this file format. */
  public static final String FORMAT = "scalekv-model-1";

  /** Text by the pocket model's word embedding. */
  public static final String WORDS = "words";

  /** Text by the flan-t5-xl encoder. */
  public static final String T5 = "t5";

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** Checks the parts against each other. */
  public ModelConfig {
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
    require((sides == null) == (rotarySide == null), "rotarySide", "one with sides", rotarySide);
    if (sides != null) {
      sides = List.copyOf(sides);
      require(!sides.isEmpty(), "sides", "at least one", sides);
      require(sides.size() <= InfinityConfig.LEVELS, "sides", "at most 15", sides.size());
      require(sides.stream().allMatch(s -> s >= 1 && s <= 512), "sides", "1 to 512 each", sides);
      require(rotarySide >= 1 && rotarySide <= 512, "rotarySide", "1 to 512", rotarySide);
    }
  }

  /** Shape of the transformer's self-attention. */
  public Geometry geometry() {
    return transformer.geometry();
  }

  private static void require(boolean ok, String where, Object expected, Object got) {
    if (!ok) {
      throw new IllegalArgumentException(
          "config.json: /" + where + ": expected " + expected + ", got " + got);
    }
  }

  /** The pocket model that comes with the project: 521 tokens in seven maps, 64x64 px. */
  public static ModelConfig pocket() {
    return shipped("pocket/config.json");
  }

  /** The pocket model with two more maps: 1497 tokens in nine maps, 96x96 px. */
  public static ModelConfig pocketL() {
    return shipped("pocket-l/config.json");
  }

  /**
   * The pocket model with the ten scales of Infinity at 512 px: 2521 tokens, 16 layers, 128x128 px.
   */
  public static ModelConfig pocketXl() {
    return shipped("pocket-xl/config.json");
  }

  /** The models whose weights come with the project. */
  public static List<ModelConfig> shipped() {
    return List.of(pocket(), pocketL());
  }

  /** Returns all models that are known by name. */
  public static List<ModelConfig> all() {
    return List.of(pocket(), pocketL(), pocketXl(), infinity2b(), infinity8b());
  }

  private static ModelConfig shipped(String resource) {
    try (InputStream in = ModelConfig.class.getResourceAsStream(resource)) {
      return parse(in.readAllBytes(), resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Infinity-2B with its d32 tokenizer, as released. */
  public static ModelConfig infinity2b() {
    return new ModelConfig(
        FORMAT,
        "infinity-2b",
        new InfinityConfig(32, 2048, 16, 8192, 32, false, 2048, 512, 8),
        new VaeConfig(32, 16, 128, List.of(1, 2, 4, 4, 4), 2, 3, 32),
        null,
        null,
        T5);
  }

  /** Infinity-8B with its d56 tokenizer (14-bit codes, patchified), as released. */
  public static ModelConfig infinity8b() {
    return new ModelConfig(
        FORMAT,
        "infinity-8b",
        new InfinityConfig(40, 3584, 28, 14336, 14, true, 2048, 512, 8),
        new VaeConfig(14, 8, 128, List.of(1, 2, 4, 4), 2, 3, 32),
        null,
        null,
        T5);
  }

  /**
   * A model of another shape, for random weights; what is not given stays. The feed-forward part
   * keeps its ratio to the width, and heads keep their width where only the width changes.
   *
   * @param depth layers
   * @param width channels
   * @param heads heads
   */
  public ModelConfig withGeometry(
      Optional<Integer> depth, Optional<Integer> width, Optional<Integer> heads) {
    InfinityConfig t = transformer;
    int d = depth.orElse(t.depth());
    int c = width.orElse(t.width());
    int h = heads.orElse(width.isPresent() ? Math.max(1, c / t.headWidth()) : t.heads());
    int ffn = (int) Math.round((double) c * t.ffnWidth() / t.width());
    int chunks = d % t.blockChunks() == 0 ? t.blockChunks() : 1;
    return new ModelConfig(
        format,
        name + "-" + d + "x" + c + "-h" + h,
        new InfinityConfig(
            d, c, h, ffn, t.codeBits(), t.patchify(), t.textWidth(), t.textMaxLength(), chunks),
        tokenizer,
        sides,
        rotarySide,
        text);
  }

  /** Reads the {@code config.json} of a model folder. */
  public static ModelConfig read(Path file) {
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }

  private static ModelConfig parse(byte[] json, String name) {
    try {
      return MAPPER.readValue(json, ModelConfig.class);
    } catch (JacksonException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException ? e.getCause() : e;
      String message =
          cause instanceof JacksonException j ? j.getOriginalMessage() : cause.getMessage();
      throw new IllegalArgumentException(name + ": " + message.lines().findFirst().orElse(""), e);
    }
  }

  /** This configuration as the text of a {@code config.json}. */
  public String json() {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
  }

  /**
   * The token maps of a generation.
   *
   * @param size one of {@link Schedules#SIZES}, if asked for
   * @param aspect height / width
   */
  public ScaleSchedule schedule(Optional<String> size, double aspect) {
    if (sides == null) {
      return Schedules.of(aspect, size.orElse("1M"));
    }
    ScaleSchedule own = ScaleSchedule.ofSides(sides.stream().mapToInt(Integer::intValue).toArray());
    if (aspect != 1 || (size.isPresent() && !own.equals(Schedules.of(1, size.get())))) {
      throw new IllegalArgumentException(
          name
              + ": draws one size only, maps "
              + own.maps()
              + "; got --size "
              + size.orElse("(default)")
              + " --aspect "
              + aspect);
    }
    return own;
  }

  /** The map to which rotary positions are normalised. */
  public TokenMap rotaryReference(double aspect) {
    return rotarySide == null
        ? Schedules.rotaryReference(aspect)
        : new TokenMap(rotarySide, rotarySide);
  }
}
