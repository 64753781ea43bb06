package io.scalekv.vocabtrim.trim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.vocabtrim.lm.VocabularySubset;
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
import tools.jackson.databind.node.ObjectNode;

/**
 * A draft model on disk with the rows of its output head that are kept, as EAGLE-3 and speculators
 * have it: {@code lm_head.weight} [K,C], {@code d2t} [K] in offset form, {@code t2d} [V], {@code
 * draft_vocab_size} in {@code config.json}. All other tensors stay bit for bit, the input embedding
 * is whole. Any folder whose output head is {@code lm_head.weight}, or tied to the embedding, can
 * be trimmed; one that is trimmed already can be trimmed further.
 */
public final class TrimmedDraftModel {
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

  private TrimmedDraftModel() {}

  /**
   * What was written.
   *
   * @param vocabulary V
   * @param kept K
   * @param headParametersBefore of the output head
   * @param headParameters of the trimmed one
   */
  public record Report(int vocabulary, int kept, long headParametersBefore, long headParameters) {}

  /** V of a draft model's folder, from its configuration. */
  public static int vocabulary(Path draft) throws IOException {
    JsonNode config = config(draft);
    JsonNode size = config.path("vocab_size");
    if (!size.isInt()) {
      size = config.path("transformer_layer_config").path("vocab_size");
    }
    Require.that(
        size.isInt() && size.asInt() >= 1,
        "%s: vocab_size must be a positive whole number",
        draft.resolve(CONFIG));
    return size.asInt();
  }

  private static ObjectNode config(Path draft) throws IOException {
    Path file = draft.resolve(CONFIG);
    Require.that(Files.isRegularFile(file), "missing config.json in draft model folder %s", draft);
    try {
      if (Json.MAPPER.readTree(Files.readString(file)) instanceof ObjectNode config) {
        return config;
      }
    } catch (JacksonException e) {
      throw new IllegalArgumentException(file + ": must be valid JSON", e);
    }
    throw new IllegalArgumentException(file + ": must be a JSON object");
  }

  /**
   * Trims a draft model.
   *
   * @param draft its folder
   * @param retained tokens that stay, all of them in its head
   * @param out folder to write; must be another
   */
  public static Report write(Path draft, VocabularySubset kept, Path out) throws IOException {
    int vocabulary = vocabulary(draft);
    Require.that(
        kept.vocabulary() == vocabulary,
        "%s must be given a mapping of its %s tokens, got one of %s",
        draft,
        vocabulary,
        kept.vocabulary());
    Files.createDirectories(out);
    Require.that(
        !Files.isSameFile(draft, out), "%s must not be the folder of the draft model itself", out);
    Report report;
    try (TensorSource source = TensorSource.open(draft);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      report = weights(draft, source, kept, out, scope);
    }
    ObjectNode config = config(draft);
    config.put("draft_vocab_size", kept.size());
    config.put("tie_word_embeddings", false);
    AtomicFile.write(
        out.resolve(CONFIG), (Json.pretty(config) + "\n").getBytes(StandardCharsets.UTF_8));
    for (String name : BESIDE) {
      if (Files.isRegularFile(draft.resolve(name))) {
        AtomicFile.write(out.resolve(name), Files.readAllBytes(draft.resolve(name)));
      }
    }
    return report;
  }

  private static Report weights(
      Path draft, TensorSource source, VocabularySubset kept, Path out, NDManager scope)
      throws IOException {
    VocabularySubset before =
        source.names().contains(MappingFile.D2T)
            ? MappingFile.read(draft, MappingForm.D2T_OFFSET, kept.vocabulary()).kept()
            : VocabularySubset.all(kept.vocabulary());
    String head =
        source.names().contains(HEAD)
            ? HEAD
            : EMBEDDINGS.stream()
                .filter(source.names()::contains)
                .findFirst()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            draft + ": missing output head lm_head.weight"));
    long[] shape = source.info(head).shape();
    Require.that(
        shape.length == 2 && shape[0] == before.size(),
        "%s: %s must have %s rows",
        draft,
        source.info(head),
        before.size());
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
      float[] full,
      VocabularySubset before,
      VocabularySubset kept,
      int width,
      NDManager scope,
      boolean matrix) {
    float[] part = new float[kept.size() * width];
    for (int j = 0; j < kept.size(); j++) {
      int row = before.row(kept.id(j));
      Require.that(
          row >= 0, "trimmed head: token must be in the draft model's head, got %s", kept.id(j));
      System.arraycopy(full, row * width, part, j * width, width);
    }
    return NativeCopy.of(
        scope, part, matrix ? new Shape(kept.size(), width) : new Shape(kept.size()));
  }
}
