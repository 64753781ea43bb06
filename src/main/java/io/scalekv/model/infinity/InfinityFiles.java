package io.scalekv.model.infinity;

import io.scalekv.model.CheckpointNames;
import java.util.List;

/** Names under which the published checkpoints are known. */
final class InfinityFiles {
  private static final String TEXT = "flan-t5-xl";
  private static final String ORIGIN =
      "published on the Hugging Face hub as FoundationVision/Infinity and google/flan-t5-xl";

  /** Infinity-2B with its d32 tokenizer. */
  static final CheckpointNames INFINITY_2B =
      new CheckpointNames(
          List.of(
              "infinity_2b_reg.pth",
              "infinity_2b_reg.safetensors",
              "infinity_2b_weights",
              CheckpointNames.TRANSFORMER),
          List.of(
              "infinity_vae_d32reg.pth",
              "infinity_vae_d32_reg.pth",
              "infinity_vae_d32reg.safetensors",
              CheckpointNames.TOKENIZER),
          TEXT,
          ORIGIN);

  /** Infinity-8B with its d56 tokenizer (14-bit codes, patchified). */
  static final CheckpointNames INFINITY_8B =
      new CheckpointNames(
          List.of(
              "infinity_8b_weights",
              "infinity_8b.pth",
              "infinity_8b.safetensors",
              CheckpointNames.TRANSFORMER),
          List.of(
              "infinity_vae_d56_f8_14_patchify.pth",
              "infinity_vae_d56_f8_14_patchify.safetensors",
              CheckpointNames.TOKENIZER),
          TEXT,
          ORIGIN);

  private InfinityFiles() {}
}
