package io.scalekv.vocabtrim.lm;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Configuration of a model of the Llama layout, from the {@code config.json} of its folder.
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
  /** File name in a model folder. */
  public static final String FILE = "config.json";

  private static final int LARGEST = 1 << 24;
  private static final int MOST_LAYERS = 1000;

  public LlamaConfig {
    Require.between("vocab_size", vocabulary, 1, LARGEST);
    Require.between("hidden_size", width, 1, LARGEST);
    Require.between("intermediate_size", ffnWidth, 1, LARGEST);
    Require.between("num_hidden_layers", layers, 1, MOST_LAYERS);
    Require.between("num_attention_heads", heads, 1, LARGEST);
    Require.between("num_key_value_heads", kvHeads, 1, LARGEST);
    Require.between("head_dim", headWidth, 1, LARGEST);
    Require.atLeast("max_position_embeddings", maxPositions, 1);
    String divide = "num_key_value_heads must divide the %d heads, got %d";
    Require.that(heads % kvHeads == 0, divide, heads, kvHeads);
    Require.that(headWidth % 2 == 0, "head_dim must be even, got %d", headWidth);
    boolean small = normEpsilon > 0 && normEpsilon < 1;
    Require.that(small, "rms_norm_eps must be above 0 and below 1, got %s", normEpsilon);
    boolean finite = ropeTheta > 0 && ropeTheta < 1e12;
    Require.that(finite, "rope_theta must be above 0 and below 1e12, got %s", ropeTheta);
    Require.between("bos_token_id", bos, -1, vocabulary - 1);
    eos = List.copyOf(eos);
    for (int id : eos) {
      Require.between("eos_token_id", id, 0, vocabulary - 1);
    }
  }

  /** Returns the parameters without input embedding and output head. */
  public long bodyParameters() {
    long inner = (long) heads * headWidth;
    long kv = (long) kvHeads * headWidth;
    long layer = 2L * width * inner + 2L * width * kv + 3L * width * ffnWidth + 2L * width;
    return layers * layer + width;
  }

  /** Returns the parameters of the input embedding, V·C; a tied head shares them. */
  public long embeddingParameters() {
    return (long) vocabulary * width;
  }

  /** Returns the parameters of the whole model, a tied head counted once. */
  public long parameters() {
    return bodyParameters() + (tied ? 1 : 2) * embeddingParameters();
  }

  /**
   * Reads a {@code config.json} as the Hugging Face library writes it.
   *
   * @throws IllegalArgumentException if it is not the configuration of a Llama model
   */
  public static LlamaConfig read(Path file) {
    JsonNode json = Json.parse(TextFile.read(file), file.toString());
    try {
      return of(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static LlamaConfig of(JsonNode json) {
    String type = json.path("model_type").asString("none");
    Require.that(type.equals("llama"), "model_type must be llama, got %s", type);
    String activation = json.path("hidden_act").asString("silu");
    Require.that(activation.equals("silu"), "hidden_act must be silu, got %s", activation);
    for (String bias : List.of("attention_bias", "mlp_bias")) {
      Require.that(!json.path(bias).asBoolean(false), "%s must be false, got true", bias);
    }
    boolean plain = json.path("quantization_config").isMissingNode();
    Require.that(plain, "model must not be quantised, got a quantization_config");
    int width = number(json, "hidden_size", 0);
    int heads = number(json, "num_attention_heads", 0);
    // newer versions of the library store the rotary settings in one object
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
              "rope_type must be default, linear or llama3, got " + type);
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
    Require.that(node.isInt(), "%s must be an integer, got %s", name, node);
    return node.asInt();
  }

  /** Returns a {@code config.json} that the Hugging Face library reads. */
  public String json() {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.putArray("architectures").add("LlamaForCausalLM");
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
    if (ropeScaling instanceof RopeScaling.Llama3 s) {
      json.putObject("rope_scaling")
          .put("rope_type", "llama3")
          .put("factor", s.factor())
          .put("low_freq_factor", s.lowFactor())
          .put("high_freq_factor", s.highFactor())
          .put("original_max_position_embeddings", s.originalPositions());
    } else if (ropeScaling instanceof RopeScaling.Linear s) {
      json.putObject("rope_scaling").put("rope_type", "linear").put("factor", s.factor());
    } else {
      json.putNull("rope_scaling");
    }
    json.put("max_position_embeddings", maxPositions);
    json.put("tie_word_embeddings", tied);
    json.put("attention_bias", false);
    json.put("mlp_bias", false);
    json.put("bos_token_id", bos < 0 ? null : (Integer) bos);
    if (eos.size() > 1) {
      eos.forEach(json.putArray("eos_token_id")::add);
    } else {
      json.put("eos_token_id", eos.isEmpty() ? null : eos.get(0));
    }
    json.put("torch_dtype", "bfloat16");
    return Json.pretty(json) + "\n";
  }
}
