package io.scalekv.model.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Convolutional part of the image tokenizer: group norm (eps 1e-6), swish, residual blocks, nearest
 * ×2 plus convolution on the way up, stride-2 convolution padded right and below on the way down,
 * no attention. Names of the weights are those of the published state dict.
 *
 * <p>Letters: N images, d code bits, Y×X pixels, h×w latent positions (Y = h·patch).
 */
public final class Vae {
  private final VaeConfig config;
  private final Weights weights;
  private final NDArray groups;

  /** Creates a tokenizer over the given weights, which it does not own. */
  public Vae(VaeConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    this.groups = weights.manager().zeros(new Shape(config.normGroups()));
  }

  /** Returns the configuration. */
  public VaeConfig config() {
    return config;
  }

  /** Returns the weights. */
  public Weights weights() {
    return weights;
  }

  /**
   * Encodes pixels.
   *
   * @param image [N,3,Y,X] in −1..1
   * @return latent before quantisation, [N,d,h,w]
   */
  public NDArray encode(NDArray image) {
    NDArray x = encoderMiddle(image, y -> {});
    return last(x, y -> conv("encoder.conv_out", normSwish("encoder.norm_out", y)));
  }

  private NDArray encoderMiddle(NDArray image, Consumer<NDArray> seen) {
    NDArray x = conv("encoder.conv_in", image);
    for (int i = 0; i < config.levels(); i++) {
      for (int j = 0; j < config.encoderBlocks(); j++) {
        x = residual("encoder.down." + i + ".block." + j, x);
      }
      if (i < config.halvings()) {
        String name = "encoder.down." + i + ".downsample.conv.conv";
        x = last(x, y -> TorchOps.call("conv2d_down", y, w(name + ".weight"), w(name + ".bias")));
        seen.accept(x);
      }
    }
    x = residual("encoder.mid.block_1", x);
    x = residual("encoder.mid.block_2", x);
    seen.accept(x);
    return x;
  }

  /**
   * Returns the features of the encoder: the output of every halving, then that of the middle.
   *
   * @param image [N,3,Y,X] in −1..1
   * @return [N,C_i,Y_i,X_i] each, finest first
   */
  public List<NDArray> encoderLayers(NDArray image) {
    List<NDArray> layers = new ArrayList<>();
    encoderMiddle(image, x -> layers.add(x.duplicate()));
    return layers;
  }

  /**
   * Decodes a quantised latent.
   *
   * @param latent [N,d,h,w]
   * @return pixels [N,3,Y,X], not clamped
   */
  public NDArray decode(NDArray latent) {
    NDArray x = conv("decoder.conv_in", latent);
    x = residual("decoder.mid.block_1", x);
    x = residual("decoder.mid.block_2", x);
    for (int i = config.levels() - 1; i >= 0; i--) {
      for (int j = 0; j < config.decoderBlocks(); j++) {
        x = residual("decoder.up." + i + ".block." + j, x);
      }
      if (upsamples(i)) {
        String name = "decoder.up." + i + ".upsample.conv";
        x = last(x, y -> conv(name, TorchOps.call("upsample_nearest2", y)));
      }
    }
    return last(x, y -> conv("decoder.conv_out", normSwish("decoder.norm_out", y)));
  }

  private boolean upsamples(int level) {
    return level >= 1 && level <= config.halvings();
  }

  private NDArray residual(String name, NDArray input) {
    return last(
        input,
        x -> {
          NDArray h = conv(name + ".conv1", normSwish(name + ".norm1", x));
          h = conv(name + ".conv2", normSwish(name + ".norm2", h));
          String shortcut = name + ".nin_shortcut";
          NDArray skip = weights.contains(shortcut + ".conv.weight") ? conv(shortcut, x) : x;
          return skip.add(h);
        });
  }

  /** Applies a function at the last use of an array; frees it and all intermediate arrays. */
  private static NDArray last(NDArray x, UnaryOperator<NDArray> function) {
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      NDArray y = function.apply(x);
      y.attach(outer);
      return y;
    }
  }

  private NDArray normSwish(String name, NDArray x) {
    NDArray y =
        TorchOps.call("group_norm", x, w(name + ".norm.weight"), w(name + ".norm.bias"), groups);
    return TorchOps.call("silu", y);
  }

  private NDArray conv(String name, NDArray x) {
    return TorchOps.call("conv2d", x, w(name + ".conv.weight"), w(name + ".conv.bias"));
  }

  private NDArray w(String name) {
    return weights.get(name);
  }

  /** Returns every weight with its shape, in the order of the published state dict. */
  public static Map<String, Shape> shapes(VaeConfig c) {
    Map<String, Shape> s = new LinkedHashMap<>();
    int width = c.width(0);
    convShape(s, "encoder.conv_in", 3, width, 3);
    for (int i = 0; i < c.levels(); i++) {
      for (int j = 0; j < c.encoderBlocks(); j++) {
        residualShapes(s, "encoder.down." + i + ".block." + j, width, c.width(i));
        width = c.width(i);
      }
      if (i < c.halvings()) {
        convShape(s, "encoder.down." + i + ".downsample.conv", width, width, 3);
      }
    }
    residualShapes(s, "encoder.mid.block_1", width, width);
    residualShapes(s, "encoder.mid.block_2", width, width);
    normShape(s, "encoder.norm_out", width);
    convShape(s, "encoder.conv_out", width, c.codeBits(), 3);
    convShape(s, "decoder.conv_in", c.codeBits(), width, 3);
    residualShapes(s, "decoder.mid.block_1", width, width);
    residualShapes(s, "decoder.mid.block_2", width, width);
    for (int i = c.levels() - 1; i >= 0; i--) {
      for (int j = 0; j < c.decoderBlocks(); j++) {
        residualShapes(s, "decoder.up." + i + ".block." + j, width, c.width(i));
        width = c.width(i);
      }
      if (i >= 1 && i <= c.halvings()) {
        convShape(s, "decoder.up." + i + ".upsample.conv", width, width, 3);
      }
    }
    normShape(s, "decoder.norm_out", width);
    convShape(s, "decoder.conv_out", width, 3, 3);
    return s;
  }

  private static void residualShapes(Map<String, Shape> s, String name, int in, int out) {
    normShape(s, name + ".norm1", in);
    convShape(s, name + ".conv1", in, out, 3);
    normShape(s, name + ".norm2", out);
    convShape(s, name + ".conv2", out, out, 3);
    if (in != out) {
      convShape(s, name + ".nin_shortcut", in, out, 1);
    }
  }

  private static void convShape(Map<String, Shape> s, String name, int in, int out, int side) {
    s.put(name + ".conv.weight", new Shape(out, in, side, side));
    s.put(name + ".conv.bias", new Shape(out));
  }

  private static void normShape(Map<String, Shape> s, String name, int width) {
    s.put(name + ".norm.weight", new Shape(width));
    s.put(name + ".norm.bias", new Shape(width));
  }

  /**
   * Returns initial weights for training: convolutions normal with variance 1 / fan-in, the last
   * convolution of each residual block near zero, norms at identity. Uses the engine's random
   * state.
   */
  public static Weights initialWeights(NDManager parent, VaeConfig config) {
    Weights w = new Weights(parent);
    shapes(config)
        .forEach(
            (name, shape) -> {
              if (name.endsWith(".bias")) {
                w.putFull(name, shape, 0f);
              } else if (name.endsWith(".norm.weight")) {
                w.putFull(name, shape, 1f);
              } else {
                double fanIn = shape.get(1) * shape.get(2) * shape.get(3);
                double gain = name.contains(".conv2.") ? 0.1 : 1;
                w.putNormal(name, shape, (float) (gain / Math.sqrt(fanIn)));
              }
            });
    return w;
  }
}
