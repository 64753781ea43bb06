package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.model.vae.ImageTokenizer;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeForm;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.List;
import java.util.Map;

/**
 * Image tokenizer of VAR: the VQ-GAN of latent diffusion, a 3×3 convolution before and one behind
 * the {@link MultiScaleVq}. Names of the weights are those of the published {@code
 * vae_ch160v4096z32.pth}.
 */
public final class VqVae implements ImageTokenizer {
  private final VqVaeConfig config;
  private final Weights weights;
  private final Vae network;
  private final MultiScaleVq quantiser;

  /** Creates a tokenizer over the given weights, which it does not own. */
  public VqVae(VqVaeConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    this.network = new Vae(config.network(), VaeForm.VQGAN, weights);
    this.quantiser = new MultiScaleVq(weights);
  }

  /** Returns the configuration. */
  public VqVaeConfig config() {
    return config;
  }

  /** Returns the weights. */
  public Weights weights() {
    return weights;
  }

  /** Returns the quantiser. */
  public MultiScaleVq quantiser() {
    return quantiser;
  }

  @Override
  public NDArray encode(NDArray image) {
    return conv("quant_conv", network.encode(image));
  }

  @Override
  public NDArray decode(NDArray latent) {
    return network.decode(conv("post_quant_conv", latent));
  }

  @Override
  public List<NDArray> encoderLayers(NDArray image) {
    return network.encoderLayers(image);
  }

  private NDArray conv(String name, NDArray x) {
    return TorchOps.call("conv2d", x, weights.get(name + ".weight"), weights.get(name + ".bias"));
  }

  /**
   * Returns every weight with its shape. The published file also has the unused count {@code
   * quantize.ema_vocab_hit_SV}.
   */
  public static Map<String, Shape> shapes(VqVaeConfig c) {
    Map<String, Shape> s = Vae.shapes(c.network(), VaeForm.VQGAN);
    int d = c.codeWidth();
    for (int i = 0; i < MultiScaleVq.PHIS; i++) {
      conv(s, "quantize.quant_resi.qresi_ls." + i, d);
    }
    s.put("quantize.embedding.weight", new Shape(c.codes(), d));
    conv(s, "quant_conv", d);
    conv(s, "post_quant_conv", d);
    return s;
  }

  private static void conv(Map<String, Shape> s, String name, int width) {
    s.put(name + ".weight", new Shape(width, width, 3, 3));
    s.put(name + ".bias", new Shape(width));
  }

  /**
   * Returns initial weights for training: those of {@link Vae#putInitial}, codes near zero. Uses
   * the engine's random state.
   */
  public static Weights initialWeights(NDManager parent, VqVaeConfig config) {
    Weights w = new Weights(parent);
    Map<String, Shape> shapes = shapes(config);
    Shape codebook = shapes.remove("quantize.embedding.weight");
    Vae.putInitial(w, shapes);
    w.putNormal("quantize.embedding.weight", codebook, 1f / config.codes());
    return w;
  }
}
