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
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Draft model on disk with the retained rows of its output head, as EAGLE-3 and speculators store
 * it: {@code lm_head.weight} [K,C], {@code d2t} [K] in offset form, {@code t2d} [V], {@code
 * draft_vocab_size} in {@code config.json}. All other tensors are copied bit for bit, the whole
 * input embedding included. The output head must be {@code lm_head.weight} or tied to the
 * embedding; a trimmed draft model can be trimmed further.
 */
public final class TrimmedDraftModel {
  private static final String FILE = "model.safetensors";

  private static final String CONFIG = "config.json";
  private static final String HEAD = "lm_head.weight";
  private static final String BIAS = "lm_head.bias";
  private static final List<String> HEADS =
      List.of(HEAD, "model.embed_tokens.weight", "embed_tokens.weight");
  private static final Set<String> REPLACED = Set.of(HEAD, BIAS, MappingFile.D2T, MappingFile.T2D);
  private static final List<String> COPIED =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "generation_config.json");

  private TrimmedDraftModel() {}

  /**
   * Sizes of the written head.
   *
   * @param vocabulary V
   * @param retained K
   * @param headParametersBefore of the output head
   * @param headParameters of the trimmed head
   */
  public record Report(
      int vocabulary, int retained, long headParametersBefore, long headParameters) {}

  /** Returns V from the configuration of a draft model's folder. */
  public static int vocabulary(Path draft) throws IOException {
    JsonNode config = config(draft);
    JsonNode size = config.path("vocab_size");
    if (!size.isInt()) {
      size = config.path("transformer_layer_config").path("vocab_size");
    }
    boolean positive = size.isInt() && size.asInt() >= 1;
    Require.that(positive, "%s: vocab_size must be at least 1", draft.resolve(CONFIG));
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
   * @param draft folder of the draft model
   * @param retained tokens, all of them in its head
   * @param out folder to write, not the draft model's own
   */
  public static Report write(Path draft, VocabularySubset retained, Path out) throws IOException {
    int vocabulary = vocabulary(draft);
    int mapped = retained.vocabulary();
    Require.that(
        mapped == vocabulary,
        "mapping for %s must cover %d tokens, got %d",
        draft,
        vocabulary,
        mapped);
    Files.createDirectories(out);
    Require.that(!Files.isSameFile(draft, out), "%s must not be the draft model's folder", out);
    Report report;
    try (TensorSource source = TensorSource.open(draft);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      report = weights(draft, source, retained, out, scope);
    }
    ObjectNode config = config(draft);
    config.put("draft_vocab_size", retained.size());
    config.put("tie_word_embeddings", false);
    AtomicFile.write(
        out.resolve(CONFIG), (Json.pretty(config) + "\n").getBytes(StandardCharsets.UTF_8));
    for (String name : COPIED) {
      if (Files.isRegularFile(draft.resolve(name))) {
        AtomicFile.write(out.resolve(name), Files.readAllBytes(draft.resolve(name)));
      }
    }
    return report;
  }

  private static Report weights(
      Path draft, TensorSource source, VocabularySubset retained, Path out, NDManager scope)
      throws IOException {
    VocabularySubset before =
        source.names().contains(MappingFile.D2T)
            ? MappingFile.read(draft, MappingForm.D2T_OFFSET, retained.vocabulary()).retained()
            : VocabularySubset.all(retained.vocabulary());
    Optional<String> named = HEADS.stream().filter(source.names()::contains).findFirst();
    Require.that(named.isPresent(), "%s: missing output head lm_head.weight", draft);
    String head = named.orElseThrow();
    long[] shape = source.info(head).shape();
    boolean fits = shape.length == 2 && shape[0] == before.size();
    Require.that(fits, "%s: %s must have %d rows", draft, source.info(head), before.size());
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    StoredType floats = null;
    for (String name : source.names()) {
      TensorInfo info = source.info(name);
      if (info.type().isFloating() && info.type() != StoredType.F64) {
        floats = floats == null || floats == info.type() ? info.type() : StoredType.F32;
      }
      if (!REPLACED.contains(name)) {
        tensors.put(name, source.load(name, scope));
      }
    }
    int width = (int) shape[1];
    tensors.put(HEAD, rows(source.floats(head), before, retained, width, scope, true));
    if (source.names().contains(BIAS)) {
      tensors.put(BIAS, rows(source.floats(BIAS), before, retained, 1, scope, false));
    }
    long[] offsets = new long[retained.size()];
    boolean[] mask = new boolean[retained.vocabulary()];
    for (int j = 0; j < offsets.length; j++) {
      offsets[j] = (long) retained.id(j) - j;
      mask[retained.id(j)] = true;
    }
    tensors.put(MappingFile.D2T, NativeCopy.of(scope, offsets, new Shape(offsets.length)));
    tensors.put(MappingFile.T2D, scope.create(mask));
    SafetensorsWriter.write(
        out.resolve(FILE),
        tensors,
        floats == null ? StoredType.F32 : floats,
        Map.of("format", "pt", MappingFile.FORM, MappingForm.D2T_OFFSET.key()));
    return new Report(
        retained.vocabulary(),
        retained.size(),
        shape[0] * shape[1],
        (long) retained.size() * width);
  }

  private static NDArray rows(
      float[] full,
      VocabularySubset before,
      VocabularySubset retained,
      int width,
      NDManager scope,
      boolean matrix) {
    float[] part = new float[retained.size() * width];
    for (int j = 0; j < retained.size(); j++) {
      int row = before.row(retained.id(j));
      Require.that(row >= 0, "token must be in the draft model's head, got %d", retained.id(j));
      System.arraycopy(full, row * width, part, j * width, width);
    }
    return NativeCopy.of(
        scope, part, matrix ? new Shape(retained.size(), width) : new Shape(retained.size()));
  }
}
