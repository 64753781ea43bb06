package io.scalekv.vocabtrim.trim;

import java.util.Arrays;
import java.util.List;

/**
 * The forms in which tools store the tokens of a trimmed head. Nothing in a file tells its form.
 */
public enum MappingForm {
  /**
   * FR-Spec and SGLang's {@code --speculative-token-map}: {@code torch.save} of a Python list of
   * ids, most frequent first.
   */
  FR_SPEC("fr-spec"),
  /**
   * EAGLE-3 and speculators: tensors {@code d2t} [K] (int64), token = row + d2t[row], and {@code
   * t2d} [V] (bool), whether a token is kept.
   */
  D2T_OFFSET("d2t-offset"),
  /** The same two names, but d2t[row] is the token itself. */
  D2T_ABSOLUTE("d2t-absolute"),
  /** llama.cpp: ids as little-endian int32 without a header. */
  LLAMA_CPP("llama-cpp");

  private final String key;

  MappingForm(String key) {
    this.key = key;
  }

  /** The name on the command line. */
  public String key() {
    return key;
  }

  /** All names. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(MappingForm::key).toList();
  }

  /** The form of a name. */
  public static MappingForm of(String key) {
    return Arrays.stream(values())
        .filter(f -> f.key.equals(key))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "mapping form must be one of " + String.join(", ", keys()) + ", got " + key));
  }
}
