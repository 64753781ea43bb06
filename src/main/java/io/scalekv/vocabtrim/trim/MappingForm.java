package io.scalekv.vocabtrim.trim;

import java.util.Arrays;
import java.util.List;

/**
 * Form in which a tool stores the retained tokens of a trimmed head. Files do not name their form.
 */
public enum MappingForm {
  /**
   * FR-Spec and SGLang's {@code --speculative-token-map}: {@code torch.save} of a Python list of
   * ids, most frequent first.
   */
  FR_SPEC("fr-spec"),
  /**
   * EAGLE-3 and speculators: tensors {@code d2t} [K] (int64), token = row + d2t[row], and {@code
   * t2d} [V] (bool), whether a token is retained.
   */
  D2T_OFFSET("d2t-offset"),
  /** The same two tensors, but d2t[row] is the token id. */
  D2T_ABSOLUTE("d2t-absolute"),
  /** llama.cpp: ids as little-endian int32 without a header. */
  LLAMA_CPP("llama-cpp");

  private final String key;

  MappingForm(String key) {
    this.key = key;
  }

  /** Returns the name on the command line. */
  public String key() {
    return key;
  }

  /** Returns all names. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(MappingForm::key).toList();
  }
}
