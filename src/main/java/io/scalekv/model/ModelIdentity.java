package io.scalekv.model;

/**
 * Identity of a loaded model in results.
 *
 * @param name name of the configuration
 * @param family model family
 * @param dtype number format of the transformer
 * @param weightsSha256 hash of the files of transformer and tokenizer, or {@code random:SEED}
 */
public record ModelIdentity(String name, String family, String dtype, String weightsSha256) {
  private static final String PREFIX = "sha256:";

  /** Returns the identity of a model. */
  public static ModelIdentity of(ImageModel model) {
    String hash = model.weightHash();
    return new ModelIdentity(
        model.config().name(),
        model.config().family().name(),
        model.dtype(),
        hash.startsWith(PREFIX) ? hash.substring(PREFIX.length()) : hash);
  }
}
