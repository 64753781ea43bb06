package io.scalekv.vocabtrim.trim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.AtomicFile;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.vocabtrim.lm.KeptIds;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A drafter on disk with the rows of its output head that are kept, as EAGLE-3 and speculators have
 * it: {@code lm_head.weight} [K,C], {@code d2t} [K] in offset form, {@code t2d} [V], {@code
 * draft_vocab_size} in {@code config.json}. All other tensors stay bit for bit, the input embedding
 * is whole. Any folder whose output head is {@code lm_head.weight}, or tied to the embedding, can
 * be trimmed; one that is trimmed already can be trimmed further.
 */
public final class TrimmedDrafter {
  /** Name of the weights that are written. */
  public static final String FILE = "model.safetensors";

  private static final String CONFIG = "config.json";
  private static final String HEAD = "lm_head.weight";
  private static final String BIAS = "lm_head.bias";
  private static final List<String> EMBEDDINGS =
      List.of("model.embed_tokens.weight", "embed_tokens.weight");
  private static final List<String> BESIDE =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json");
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private TrimmedDrafter() {}

  /**
   * What was written.
   *
   * @param vocabulary V
   * @param kept K
   * @param headParametersBefore of the output head
   * @param headParameters of the trimmed one
   */
  public record Report(int vocabulary, int kept, long headParametersBefore, long headParameters) {}

  /** V of a drafter's folder, from its configuration. */
  public static int vocabulary(Path drafter) throws IOException {
    JsonNode config = config(drafter);
    JsonNode size = config.path("vocab_size");
    if (!size.isInt()) {
      size = config.path("transformer_layer_config").path("vocab_size");
    }
    if (!size.isInt() || size.asInt() < 1) {
      throw new IllegalArgumentException(
          drafter.resolve(CONFIG) + ": vocab_size: a whole number expected, got none");
    }
    return size.asInt();
  }

  private static ObjectNode config(Path drafter) throws IOException {
    Path file = drafter.resolve(CONFIG);
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(drafter + ": a drafter with config.json expected");
    }
    try {
      if (JSON.readTree(Files.readString(file)) instanceof ObjectNode config) {
        return config;
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException(file + ": JSON expected, got other text", e);
    }
    throw new IllegalArgumentException(file + ": a JSON object expected, got another value");
  }

  /**
   * Trims a drafter.
   *
   * @param drafter its folder
   * @param kept tokens that stay, all of them in its head
   * @param out folder to write; must be another
   */
  public static Report write(Path drafter, KeptIds kept, Path out) throws IOException {
    int vocabulary = vocabulary(drafter);
    if (kept.vocabulary() != vocabulary) {
      throw new IllegalArgumentException(
          drafter
              + ": a mapping of its "
              + vocabulary
              + " tokens expected, got one of "
              + kept.vocabulary());
    }
    Files.createDirectories(out);
    if (Files.isSameFile(drafter, out)) {
      throw new IllegalArgumentException(out + ": another folder than the drafter's expected");
    }
    Report report;
    try (TensorSource source = TensorSource.open(drafter);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      report = weights(drafter, source, kept, out, scope);
    }
    ObjectNode config = config(drafter);
    config.put("draft_vocab_size", kept.size());
    config.put("tie_word_embeddings", false);
    AtomicFile.write(
        out.resolve(CONFIG),
        (JSON.writeValueAsString(config) + "\n").getBytes(StandardCharsets.UTF_8));
    for (String name : BESIDE) {
      if (Files.isRegularFile(drafter.resolve(name))) {
        AtomicFile.write(out.resolve(name), Files.readAllBytes(drafter.resolve(name)));
      }
    }
    return report;
  }

  private static Report weights(
      Path drafter, TensorSource source, KeptIds kept, Path out, NDManager scope)
      throws IOException {
    KeptIds before =
        source.names().contains(MappingFile.D2T)
            ? MappingFile.read(drafter, MappingForm.D2T_OFFSET, kept.vocabulary()).kept()
            : KeptIds.all(kept.vocabulary());
    String head =
        source.names().contains(HEAD)
            ? HEAD
            : EMBEDDINGS.stream()
                .filter(source.names()::contains)
                .findFirst()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            drafter + ": an output head lm_head.weight expected, got none"));
    long[] shape = source.info(head).shape();
    if (shape.length != 2 || shape[0] != before.size()) {
      throw new IllegalArgumentException(
          drafter + ": " + source.info(head) + ": " + before.size() + " rows expected");
    }
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    StoredType floats = null;
    for (String name : source.names()) {
      TensorInfo info = source.info(name);
      if (info.type().isFloating() && info.type() != StoredType.F64) {
        floats = floats == null || floats == info.type() ? info.type() : StoredType.F32;
      }
      boolean replaced =
          name.equals(HEAD)
              || name.equals(BIAS)
              || name.equals(MappingFile.D2T)
              || name.equals(MappingFile.T2D);
      if (!replaced) {
        tensors.put(name, source.load(name, scope));
      }
    }
    int width = (int) shape[1];
    tensors.put(HEAD, rows(source.floats(head), before, kept, width, scope, true));
    if (source.names().contains(BIAS)) {
      tensors.put(BIAS, rows(source.floats(BIAS), before, kept, 1, scope, false));
    }
    long[] offsets = new long[kept.size()];
    boolean[] mask = new boolean[kept.vocabulary()];
    for (int j = 0; j < offsets.length; j++) {
      offsets[j] = (long) kept.id(j) - j;
      mask[kept.id(j)] = true;
    }
    tensors.put(MappingFile.D2T, NativeCopy.of(scope, offsets, new Shape(offsets.length)));
    tensors.put(MappingFile.T2D, scope.create(mask));
    SafetensorsWriter.write(
        out.resolve(FILE),
        tensors,
        floats == null ? StoredType.F32 : floats,
        Map.of("format", "pt", MappingFile.FORM, MappingForm.D2T_OFFSET.key()));
    return new Report(
        kept.vocabulary(), kept.size(), shape[0] * shape[1], (long) kept.size() * width);
  }

  private static NDArray rows(
      float[] full, KeptIds before, KeptIds kept, int width, NDManager scope, boolean matrix) {
    float[] part = new float[kept.size() * width];
    for (int j = 0; j < kept.size(); j++) {
      int row = before.row(kept.id(j));
      if (row < 0) {
        throw new IllegalArgumentException(
            "trimmed head: tokens that the drafter's head has expected, got " + kept.id(j));
      }
      System.arraycopy(full, row * width, part, j * width, width);
    }
    return NativeCopy.of(
        scope, part, matrix ? new Shape(kept.size(), width) : new Shape(kept.size()));
  }
}
