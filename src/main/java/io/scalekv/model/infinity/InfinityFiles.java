package io.scalekv.model.infinity;

import io.scalekv.model.CheckpointNames;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Names under which the published checkpoints are known, and the hashes of those files. */
final class InfinityFiles {
  private static final String TEXT = "flan-t5-xl";
  private static final String ORIGIN =
      "published on the Hugging Face hub as FoundationVision/Infinity and google/flan-t5-xl";

  private static final List<String> VAE_D56 =
      tokenizer(
          "infinity_vae_d56_f8_14_patchify.pth", "infinity_vae_d56_f8_14_patchify.safetensors");

  /** Beginnings of the SHA-256 hashes of published files. */
  private static final Map<String, String> HASHES =
      Map.of(
          "infinity_2b_reg.pth",
          "d5958b37e7ecb914230cd2b8c28aae0ec108ce08b315720bc3dc52596cc5b3a7",
          "infinity_vae_d32reg.pth",
          "7a37fa3e",
          "infinity_vae_d32.pth",
          "a669bca3",
          "infinity_vae_d64.pth",
          "ab1d29c9",
          "infinity_vae_d56_f8_14_patchify.pth",
          "c4c69535");

  private InfinityFiles() {}

  /**
   * Returns the names of the published checkpoint of a shape.
   *
   * @param size default size of the images, or null
   */
  static CheckpointNames of(InfinityConfig transformer, String size) {
    if (transformer.patchify()) {
      return "0.25M".equals(size)
          ? names(VAE_D56, "infinity_8b_512x512_weights")
          : names(VAE_D56, "infinity_8b_weights", "infinity_8b.pth", "infinity_8b.safetensors");
    }
    return transformer.codeBits() == 16
        ? names(
            tokenizer("infinity_vae_d16.pth", "infinity_vae_d16.safetensors"),
            "infinity_125M_256x256.pth",
            "infinity_125M_256x256.safetensors")
        : names(
            tokenizer(
                "infinity_vae_d32reg.pth",
                "infinity_vae_d32_reg.pth",
                "infinity_vae_d32reg.safetensors"),
            "infinity_2b_reg.pth",
            "infinity_2b_reg.safetensors",
            "infinity_2b_weights");
  }

  private static List<String> tokenizer(String... names) {
    return Stream.concat(Stream.of(names), Stream.of(CheckpointNames.TOKENIZER)).toList();
  }

  private static CheckpointNames names(List<String> tokenizer, String... transformer) {
    List<String> names =
        Stream.concat(Stream.of(transformer), Stream.of(CheckpointNames.TRANSFORMER)).toList();
    return new CheckpointNames(names, tokenizer, TEXT, ORIGIN, HASHES);
  }
}
