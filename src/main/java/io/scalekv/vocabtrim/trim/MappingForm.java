package io.scalekv.vocabtrim.trim;

import java.util.Locale;

/** Form in which a program stores the retained tokens of a trimmed head. */
public enum MappingForm {
  /**
   * EAGLE-3, speculators, SpecForge, vLLM: {@code d2t} [K] (int64), token = row + d2t[row], and
   * {@code t2d} [V] (bool), whether a token is retained; in safetensors, {@code torch.save} of a
   * dict, or two {@code .npy} files.
   */
  D2T_OFFSET,
  /** llama.cpp's EAGLE-3: {@code d2t} [K] (int64) holds token ids; in the GGUF of a draft model. */
  D2T_ABSOLUTE,
  /** FR-Spec and SGLang's token map: {@code torch.save} of a list of ids, most frequent first. */
  FR_SPEC,
  /** MTP heads in vLLM: {@code torch.save} of a vector of ids (int64), ascending. */
  VLLM_IDS,
  /** llama.cpp's draft vocabulary: ids as little-endian int32 without a header, ascending. */
  LLAMA_CPP,
  /** llama.cpp's draft vocabulary as text: one id a line, most frequent first. */
  LLAMA_CPP_TEXT;

  /** Returns the name on the command line. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns whether rows must have the order of the ids. */
  boolean ascends() {
    return this != FR_SPEC && this != LLAMA_CPP_TEXT;
  }

  /** Returns whether tensors named d2t hold the tokens. */
  boolean tensors() {
    return this == D2T_OFFSET || this == D2T_ABSOLUTE;
  }
}
