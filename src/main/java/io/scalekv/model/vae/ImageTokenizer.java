package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Image tokenizer before and after its quantiser: N images, Y×X pixels, latent [N,d,h,w]. */
public interface ImageTokenizer {
  /**
   * Encodes pixels.
   *
   * @param image [N,3,Y,X] in −1..1
   * @return latent before quantisation, [N,d,h,w]
   */
  NDArray encode(NDArray image);

  /**
   * Decodes a quantised latent.
   *
   * @param latent [N,d,h,w]
   * @return pixels [N,3,Y,X], not clamped
   */
  NDArray decode(NDArray latent);

  /**
   * Returns the features of the encoder: the output of every halving, then that of the middle.
   *
   * @param image [N,3,Y,X] in −1..1
   * @return [N,C_i,Y_i,X_i] each, finest first
   */
  List<NDArray> encoderLayers(NDArray image);
}
