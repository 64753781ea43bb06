package io.scalekv.experiment;

import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Sha256;
import java.nio.charset.StandardCharsets;

/**
 * Everything that determines the images of the full cache.
 *
 * @param model the model
 * @param generation how images are drawn
 * @param prompts which images
 */
record ReferenceKey(Run.Model model, Run.Generation generation, Run.Prompts prompts) {
  private static final int ID_DIGITS = 16;

  static ReferenceKey of(Run run) {
    return new ReferenceKey(run.model(), run.generation(), run.prompts());
  }

  /** The first 16 hexadecimal digits of the SHA-256 of its canonical JSON. */
  String id() {
    String json = CanonicalJson.of(this);
    return Sha256.of(json.getBytes(StandardCharsets.UTF_8)).substring(0, ID_DIGITS);
  }
}
