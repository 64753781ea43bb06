package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Shape of a model of the Llama layout, from the {@code config.json} of its folder.
 *
 * @param vocabulary V, {@code vocab_size}
 * @param width C, {@code hidden_size}
 * @param ffnWidth {@code intermediate_size}
 * @param layers {@code num_hidden_layers}
 * @param heads H, {@code num_attention_heads}
 * @param kvHeads G, {@code num_key_value_heads}; query head h uses key-value head h / (H / G)
 * @param headWidth D, {@code head_dim}; H·D may differ from C
 * @param normEpsilon {@code rms_norm_eps}
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling how they are stretched
 * @param maxPositions most tokens of a sequence, {@code max_position_embeddings}
 * @param tied whether the output head is the input embedding, {@code tie_word_embeddings}
 * @param bos token that begins a text, or −1
 * @param eos tokens that end a text; may be empty
 */
public record LlamaConfig(
    int vocabulary,
    int width,
    int ffnWidth,
    int layers,
    int heads,
    int kvHeads,
    int headWidth,
    double normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    int maxPositions,
    boolean tied,
    int bos,
    List<Integer> eos) {
  /** Name of the file in a model folder. */
  public static final String FILE = "config.json";

  private static final int LARGEST = 1 << 24;
  private static final int MOST_LAYERS = 1000;

  /** Checks the numbers against each other. */
  public LlamaConfig {
    range("vocab_size", vocabulary, LARGEST);
    range("hidden_size", width, LARGEST);
    range("intermediate_size", ffnWidth, LARGEST);
    range("num_hidden_layers", layers, MOST_LAYERS);
    range("num_attention_heads", heads, LARGEST);
    range("num_key_value_heads", kvHeads, LARGEST);
    range("head_dim", headWidth, LARGEST);
    range("max_position_embeddings", maxPositions, Integer.MAX_VALUE);
    require(
        heads % kvHeads == 0, "num_key_value_heads must divide the " + heads + " heads", kvHeads);
    require(headWidth % 2 == 0, "head_dim must be even", headWidth);
    require(
        normEpsilon > 0 && normEpsilon < 1,
        "rms_norm_eps must be above 0 and below 1",
        normEpsilon);
    require(ropeTheta > 0 && ropeTheta < 1e12, "rope_theta must be above 0", ropeTheta);
    require(bos >= -1 && bos < vocabulary, "bos_token_id must be below " + vocabulary, bos);
    eos = List.copyOf(eos);
    for (int id : eos) {
      require(id >= 0 && id < vocabulary, "eos_token_id must be below " + vocabulary, id);
    }
  }

  private static void range(String name, int value, int most) {
    require(value >= 1 && value <= most, name + " must be between 1 and " + most, value);
  }

  private static void require(boolean ok, String condition, Object got) {
    Require.that(ok, "llama config: %s, got %s", condition, got);
  }

  /** Scalars of layers and norms: everything but the input embedding and the output head. */
  public long bodyParameters() {
    long inner = (long) heads * headWidth;
    long kv = (long) kvHeads * headWidth;
    long layer = 2L * width * inner + 2L * width * kv + 3L * width * ffnWidth + 2L * width;
    return layers * layer + width;
  }

  /** Scalars of the input embedding, V·C; with a tied head the same ones as the head's. */
  public long embeddingParameters() {
    return (long) vocabulary * width;
  }

  /** Scalars of the whole model with its full head, a tied one counted once. */
  public long parameters() {
    return bodyParameters() + (tied ? 1 : 2) * embeddingParameters();
  }

  /**
   * Reads a {@code config.json} as the Hugging Face library writes it.
   *
   * @throws IllegalArgumentException if it is not the configuration of such a model
   */
  public static LlamaConfig read(Path file) {
    JsonNode json;
    try {
      json = Json.parse(Json.text(file), file.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    try {
      return of(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static LlamaConfig of(JsonNode json) {
    String type = json.path("model_type").asString("");
    require(type.equals("llama"), "model_type must be llama", type.isEmpty() ? "none" : type);
    String activation = json.path("hidden_act").asString("silu");
    require(activation.equals("silu"), "hidden_act must be silu", activation);
    for (String bias : List.of("attention_bias", "mlp_bias")) {
      require(!json.path(bias).asBoolean(false), bias + " must be false", "true");
    }
    require(
        json.path("quantization_config").isMissingNode(),
        "quantization_config must be absent",
        "one");
    int width = number(json, "hidden_size", 0);
    int heads = number(json, "num_attention_heads", 0);
    // newer versions of the library gather what belongs to the rotary embedding in one object
    JsonNode gathered = json.path("rope_parameters");
    JsonNode scaling = gathered.isObject() ? gathered : json.path("rope_scaling");
    double theta = gathered.path("rope_theta").asDouble(json.path("rope_theta").asDouble(10000));
    return new LlamaConfig(
        number(json, "vocab_size", 0),
        width,
        number(json, "intermediate_size", 0),
        number(json, "num_hidden_layers", 0),
        heads,
        number(json, "num_key_value_heads", heads),
        number(json, "head_dim", heads > 0 ? width / heads : 0),
        json.path("rms_norm_eps").asDouble(1e-6),
        theta,
        scaling(scaling),
        number(json, "max_position_embeddings", 2048),
        json.path("tie_word_embeddings").asBoolean(false),
        number(json, "bos_token_id", -1),
        ids(json.path("eos_token_id")));
  }

  private static RopeScaling scaling(JsonNode json) {
    if (!json.isObject()) {
      return new RopeScaling.None();
    }
    String type = json.path("rope_type").asString(json.path("type").asString("default"));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(json.path("factor").asDouble(0));
      case "llama3" ->
          new RopeScaling.Llama3(
              json.path("factor").asDouble(0),
              json.path("low_freq_factor").asDouble(0),
              json.path("high_freq_factor").asDouble(0),
              number(json, "original_max_position_embeddings", 0));
      default ->
          throw new IllegalArgumentException(
              "llama config: rope_type must be default, linear or llama3, got " + type);
    };
  }

  private static List<Integer> ids(JsonNode json) {
    List<Integer> ids = new ArrayList<>();
    if (json.isArray()) {
      json.forEach(id -> ids.add(id.asInt(-1)));
    } else if (json.isNumber()) {
      ids.add(json.asInt(-1));
    }
    return ids;
  }

  private static int number(JsonNode json, String name, int otherwise) {
    JsonNode node = json.path(name);
    if (node.isMissingNode() || node.isNull()) {
      return otherwise;
    }
    require(node.isInt(), name + " must be a whole number", node);
    return node.asInt();
  }

  /** This configuration as a {@code config.json} that the Hugging Face library reads. */
  public String json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("LlamaForCausalLM"));
    json.put("model_type", "llama");
    json.put("vocab_size", vocabulary);
    json.put("hidden_size", width);
    json.put("intermediate_size", ffnWidth);
    json.put("num_hidden_layers", layers);
    json.put("num_attention_heads", heads);
    json.put("num_key_value_heads", kvHeads);
    json.put("head_dim", headWidth);
    json.put("hidden_act", "silu");
    json.put("rms_norm_eps", normEpsilon);
    json.put("rope_theta", ropeTheta);
    json.put("rope_scaling", scalingJson());
    json.put("max_position_embeddings", maxPositions);
    json.put("tie_word_embeddings", tied);
    json.put("attention_bias", false);
    json.put("mlp_bias", false);
    json.put("bos_token_id", bos < 0 ? null : bos);
    json.put("eos_token_id", eos.isEmpty() ? null : eos.size() == 1 ? eos.get(0) : eos);
    json.put("torch_dtype", "bfloat16");
    return Json.pretty(json) + "\n";
  }

  private Map<String, Object> scalingJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    if (ropeScaling instanceof RopeScaling.Llama3 s) {
      json.put("rope_type", "llama3");
      json.put("factor", s.factor());
      json.put("low_freq_factor", s.lowFactor());
      json.put("high_freq_factor", s.highFactor());
      json.put("original_max_position_embeddings", s.originalPositions());
    } else if (ropeScaling instanceof RopeScaling.Linear s) {
      json.put("rope_type", "linear");
      json.put("factor", s.factor());
    } else {
      return null;
    }
    return json;
  }
}
