package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.weights.GgufFile;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Draft model or target on disk: a folder with weights and {@code config.json}, or a GGUF file.
 * Only names, shapes and sizes are read.
 */
public final class DraftModel implements AutoCloseable {
  static final String CONFIG = "config.json";

  private static final Pattern HEAD =
      Pattern.compile(
          "((?:.*\\.)?(?:lm_head|(?:nextn\\.)?shared_head(?:\\.|_)head)|output)"
              + "\\.(?:weight|weight_packed|qweight)");
  private static final List<String> EMBEDDINGS =
      List.of("model.embed_tokens.weight", "embed_tokens.weight", "token_embd.weight");

  /**
   * Output head.
   *
   * @param prefix common to the names of its tensors, without the dot
   * @param tied whether the matrix is the input embedding, the one name
   */
  record Head(String prefix, List<String> names, long rows, boolean tied) {}

  private final Path path;
  private final TensorSource source;
  private final ObjectNode config;
  private final Head head;

  private DraftModel(Path path, TensorSource source, ObjectNode config, String prefix) {
    this.path = path;
    this.source = source;
    this.config = config;
    this.head = findHead(prefix);
  }

  /** Returns whether a path holds weights, not just a mapping. */
  static boolean isModel(Path path) throws IOException {
    return GgufFile.starts(path) || Files.isRegularFile(path.resolve(CONFIG));
  }

  /**
   * Opens a model.
   *
   * @param prefix of its output head; null to find it
   * @throws IllegalArgumentException if there is no head, or more than one
   */
  public static DraftModel open(Path path, String prefix) throws IOException {
    ObjectNode config = null;
    if (!GgufFile.starts(path)) {
      Path file = path.resolve(CONFIG);
      Require.that(Files.isRegularFile(file), "missing config.json in draft model folder %s", path);
      JsonNode json = Json.parse(Json.text(file), file.toString());
      Require.that(json instanceof ObjectNode, "%s: must be a JSON object", file);
      config = (ObjectNode) json;
    }
    TensorSource source = TensorSource.open(path);
    try {
      return new DraftModel(path, source, config, prefix);
    } catch (RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  private Head findHead(String given) {
    List<String> prefixes =
        given != null
            ? List.of(given)
            : source.names().stream()
                .map(HEAD::matcher)
                .filter(m -> m.matches())
                .map(m -> m.group(1))
                .toList();
    String one = "%s must have one output head, got %s: name it with --head";
    Require.that(prefixes.size() <= 1, one, path, prefixes);
    if (prefixes.isEmpty()) {
      Optional<String> tied = EMBEDDINGS.stream().filter(source.names()::contains).findFirst();
      Require.that(tied.isPresent(), "%s: missing output head lm_head.weight", path);
      return new Head(null, List.of(tied.get()), source.info(tied.get()).shape()[0], true);
    }
    String prefix = prefixes.get(0);
    List<String> names = source.names().stream().filter(n -> n.startsWith(prefix + ".")).toList();
    String matrix =
        Stream.of("weight", "weight_packed", "qweight")
            .map(n -> prefix + "." + n)
            .filter(names::contains)
            .findFirst()
            .orElse(null);
    Require.that(matrix != null, "%s: missing output head %s.weight", path, prefix);
    return new Head(prefix, names, source.info(matrix).shape()[0], false);
  }

  Path path() {
    return path;
  }

  TensorSource source() {
    return source;
  }

  Head head() {
    return head;
  }

  boolean isGguf() {
    return source instanceof GgufFile;
  }

  /** Returns a copy of the configuration; null of a GGUF file. */
  ObjectNode config() {
    return config == null ? null : config.deepCopy();
  }

  /** Returns V, from the configuration of a folder or the tokens of a GGUF file. */
  public int vocabulary() {
    if (source instanceof GgufFile gguf) {
      if (gguf.value("tokenizer.ggml.tokens") != null) {
        return gguf.list("tokenizer.ggml.tokens").size();
      }
      String embedding = "token_embd.weight";
      Require.that(source.names().contains(embedding), "%s: missing vocabulary", path);
      return Math.toIntExact(source.info(embedding).shape()[0]);
    }
    return declared(config)
        .orElseThrow(
            () -> new IllegalArgumentException(path.resolve(CONFIG) + ": missing vocab_size"));
  }

  private static OptionalInt declared(JsonNode config) {
    for (String place : List.of("", "/transformer_layer_config", "/text_config")) {
      JsonNode size = config.at(place + "/vocab_size");
      if (size.isInt() && size.asInt() >= 1) {
        return OptionalInt.of(size.asInt());
      }
    }
    return OptionalInt.empty();
  }

  /** Returns the vocab_size of a folder's configuration; empty if it has none. */
  public static OptionalInt declaredVocabulary(Path folder) throws IOException {
    Path file = folder.resolve(CONFIG);
    return Files.isRegularFile(file)
        ? declared(Json.parse(Json.text(file), file.toString()))
        : OptionalInt.empty();
  }

  /** Returns the rows of the head by the configuration. */
  OptionalInt declaredRows() {
    JsonNode size = config == null ? null : config.path("draft_vocab_size");
    return size != null && size.isInt() ? OptionalInt.of(size.asInt()) : OptionalInt.empty();
  }

  /** Returns whether the weights hold a mapping. */
  boolean isMapped() {
    return source.names().contains(LlamaWeights.D2T);
  }

  @Override
  public void close() {
    source.close();
  }
}
