package io.scalekv.io;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Known kind of file: recognised where another kind is wanted, so that the message says what to do.
 */
public enum FileKind {
  /** Roles and calibration parts of this project. */
  ROLES("a roles.json: use it with --roles", "parts", "schemaVersion"),
  /** Budgets of the released ScaleKV code. */
  BUDGETS("a ScaleKV budget file: use roles import --format scalekv"),
  /** Block orders of HeatKV. */
  ORDERS("a HeatKV order file: use roles import --format heatkv", "orders", "metadata"),
  /** Manifest of recorded attention. */
  TRACE("the manifest of recorded attention: give its folder to --traces"),
  /** Results of an experiment. */
  RUNS("results of an experiment: give their folder to report", "runs", "schemaVersion"),
  /** One result of an experiment. */
  RUN("a result of an experiment: give its folder to report", "run", "schemaVersion"),
  /** Frontier of an experiment. */
  FRONTIER("a frontier: give it to recommend --from", "points", "schemaVersion"),
  /** Manifest of drawn images. */
  MANIFEST("a manifest of generate", "drawing", "policies"),
  /** Experiment. */
  EXPERIMENT("an experiment: use sweep", "rows", "name"),
  /** Configuration of a model. */
  MODEL("a model's config.json: give its folder to --model", "transformer", "family"),
  /** Weights. */
  SAFETENSORS("a safetensors file"),
  /** Weights or a TorchScript program. */
  TORCH("a zip archive, as torch.save writes"),
  /** Pickle of Python. */
  PICKLE("a Python pickle"),
  /** Weights of llama.cpp. */
  GGUF("a GGUF file"),
  /** Array of NumPy. */
  NPY("a NumPy array"),
  /** Image. */
  IMAGE("an image"),
  /** Compressed file. */
  GZIP("a gzip file: unpack it");

  private static final List<Pattern> YAML_KEYS =
      Stream.of("name", "rows").map(k -> Pattern.compile("(?m)^" + k + ":")).toList();

  private final String label;
  private final List<String> keys;

  /**
   * @param keys keys of its documents by which they are known; none for other signs
   */
  FileKind(String label, String... keys) {
    this.label = label;
    this.keys = List.of(keys);
  }

  /** Returns what the file is, and what it is good for. */
  public String label() {
    return label;
  }

  /** Returns the kind of a JSON or YAML document, if it is a known one. */
  public static Optional<FileKind> of(JsonNode tree) {
    if (tree.isArray()) {
      return Optional.of(ORDERS).filter(k -> tree.path(0).path(0).path(1).isNumber());
    }
    if (tree.path("format").asString("").equals("scalekv-trace")) {
      return Optional.of(TRACE);
    } else if (tree.propertyStream().anyMatch(e -> e.getKey().startsWith("Scale "))) {
      return Optional.of(BUDGETS);
    }
    return Stream.of(values())
        .filter(k -> !k.keys.isEmpty() && k.keys.stream().allMatch(tree::has))
        .findFirst();
  }

  /** Returns the kind of a text that is no JSON, if it is a known one. */
  public static Optional<FileKind> of(String text) {
    boolean keys = YAML_KEYS.stream().allMatch(k -> k.matcher(text).find());
    return Optional.of(EXPERIMENT).filter(k -> keys);
  }

  /** Returns the kind of a file that is no text, by its first bytes, if it is a known one. */
  public static Optional<FileKind> of(byte[] bytes) {
    String head = new String(bytes, 0, Math.min(bytes.length, 12), StandardCharsets.ISO_8859_1);
    FileKind kind = null;
    if (head.startsWith("PK\3\4")) {
      kind = TORCH;
    } else if (head.startsWith("GGUF")) {
      kind = GGUF;
    } else if (head.startsWith("\u0093NUMPY")) {
      kind = NPY;
    } else if (head.startsWith("\u0089PNG")
        || head.startsWith("\u00FF\u00D8\u00FF")
        || head.startsWith("RIFF")
        || head.startsWith("BM")) {
      kind = IMAGE;
    } else if (head.startsWith("\u001F\u008B")) {
      kind = GZIP;
    } else if (head.length() > 8 && head.charAt(8) == '{' && head.charAt(7) == 0) {
      kind = SAFETENSORS;
    } else if (head.length() > 1 && head.charAt(0) == 0x80 && head.charAt(1) <= 5) {
      kind = PICKLE;
    }
    return Optional.ofNullable(kind);
  }

  /**
   * Checks that a document is of this kind or of an unknown one, which its reader judges.
   *
   * @throws IllegalArgumentException with the file and the kind that it is
   */
  public void check(JsonNode tree, String file) {
    of(tree)
        .filter(kind -> kind != this)
        .ifPresent(
            kind -> {
              String wanted = label.replaceAll(":.*", "");
              throw new IllegalArgumentException(
                  String.format(Locale.ROOT, "%s must be %s, got %s", file, wanted, kind.label));
            });
  }
}
