package io.scalekv.experiment;

import io.scalekv.io.CanonicalJson;

/**
 * Key of the images of the full cache: everything that determines them.
 *
 * @param model the model
 * @param generation how images are drawn
 * @param prompts which images
 */
record ReferenceKey(Run.Model model, Run.Generation generation, Run.Prompts prompts) {
  /** The first 16 hexadecimal digits of the SHA-256 of its canonical JSON. */
  String id() {
    return CanonicalJson.id(this);
  }
}
