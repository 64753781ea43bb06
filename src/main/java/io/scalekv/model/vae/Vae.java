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
 * Convolutional part of the image tokenizer, after the VQ-GAN of latent diffusion (arXiv
 * 2112.10752): group norm (eps 1e-6), swish, residual blocks, nearest ×2 plus convolution on the
 * way up, stride-2 convolution padded right and below on the way down. The two {@link VaeForm}s
 * differ in attention and names.
 *
 * <p>Letters: N images, d numbers of a latent position, Y×X pixels, h×w latent positions (Y =
 * h·patch).
 */
public final class Vae implements ImageTokenizer {
  private final VaeConfig config;
  private final VaeForm form;
  private final Weights weights;
  private final NDArray groups;

  /** Creates a tokenizer of the Infinity family over the given weights, which it does not own. */
  public Vae(VaeConfig config, Weights weights) {
    this(config, VaeForm.INFINITY, weights);
  }

  /** Creates a tokenizer over the given weights, which it does not own. */
  public Vae(VaeConfig config, VaeForm form, Weights weights) {
    this.config = config;
    this.form = form;
    this.weights = weights;
    this.groups = weights.manager().zeros(new Shape(config.normGroups()));
  }

  /** Returns the configuration. */
  public VaeConfig config() {
    return config;
  }

  @Override
  public NDArray encode(NDArray image) {
    NDArray x = encoderMiddle(image, y -> {});
    return last(x, y -> conv("encoder.conv_out", normSwish("encoder.norm_out", y)));
  }

  private NDArray encoderMiddle(NDArray image, Consumer<NDArray> seen) {
    NDArray x = conv("encoder.conv_in", image);
    for (int i = 0; i < config.levels(); i++) {
      for (int j = 0; j < config.encoderBlocks(); j++) {
        x = residual("encoder.down." + i + ".block." + j, x);
        x = attention(form.attention("encoder.down.", i, j, config), x);
      }
      if (i < config.halvings()) {
        String name = form.conv("encoder.down." + i + ".downsample.conv");
        x = last(x, y -> TorchOps.call("conv2d_down", y, w(name + ".weight"), w(name + ".bias")));
        seen.accept(x);
      }
    }
    x = middle("encoder.mid.", x);
    seen.accept(x);
    return x;
  }

  @Override
  public List<NDArray> encoderLayers(NDArray image) {
    List<NDArray> layers = new ArrayList<>();
    encoderMiddle(image, x -> layers.add(x.duplicate()));
    return layers;
  }

  @Override
  public NDArray decode(NDArray latent) {
    NDArray x = conv("decoder.conv_in", latent);
    x = middle("decoder.mid.", x);
    for (int i = config.levels() - 1; i >= 0; i--) {
      for (int j = 0; j < config.decoderBlocks(); j++) {
        x = residual("decoder.up." + i + ".block." + j, x);
        x = attention(form.attention("decoder.up.", i, j, config), x);
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

  private NDArray middle(String name, NDArray x) {
    NDArray y = residual(name + "block_1", x);
    return residual(name + "block_2", attention(form.middleAttention(name), y));
  }

  private NDArray attention(String name, NDArray x) {
    return name == null
        ? x
        : last(
            x,
            y -> {
              NDArray qkv = conv(name + ".qkv", norm(name + ".norm", y));
              return y.add(conv(name + ".proj_out", TorchOps.call("image_attention", qkv)));
            });
  }

  private NDArray residual(String name, NDArray input) {
    return last(
        input,
        x -> {
          NDArray h = conv(name + ".conv1", normSwish(name + ".norm1", x));
          h = conv(name + ".conv2", normSwish(name + ".norm2", h));
          String shortcut = name + ".nin_shortcut";
          NDArray skip = weights.contains(form.conv(shortcut) + ".weight") ? conv(shortcut, x) : x;
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
    return TorchOps.call("silu", norm(name, x));
  }

  private NDArray norm(String name, NDArray x) {
    String n = form.norm(name);
    return TorchOps.call("group_norm", x, w(n + ".weight"), w(n + ".bias"), groups);
  }

  private NDArray conv(String name, NDArray x) {
    String n = form.conv(name);
    return TorchOps.call("conv2d", x, w(n + ".weight"), w(n + ".bias"));
  }

  private NDArray w(String name) {
    return weights.get(name);
  }

  /** Returns every weight of the Infinity family with its shape. */
  public static Map<String, Shape> shapes(VaeConfig config) {
    return shapes(config, VaeForm.INFINITY);
  }

  /** Returns every weight with its shape, in the order of the layers. */
  public static Map<String, Shape> shapes(VaeConfig c, VaeForm form) {
    Layers s = new Layers(form, new LinkedHashMap<>());
    int width = c.width(0);
    s.conv("encoder.conv_in", 3, width, 3);
    for (int i = 0; i < c.levels(); i++) {
      for (int j = 0; j < c.encoderBlocks(); j++) {
        s.residual("encoder.down." + i + ".block." + j, width, c.width(i));
        width = c.width(i);
        s.attention(form.attention("encoder.down.", i, j, c), width);
      }
      if (i < c.halvings()) {
        s.conv("encoder.down." + i + ".downsample.conv", width, width, 3);
      }
    }
    s.middle("encoder.mid.", width);
    s.norm("encoder.norm_out", width);
    s.conv("encoder.conv_out", width, c.codeBits(), 3);
    s.conv("decoder.conv_in", c.codeBits(), width, 3);
    s.middle("decoder.mid.", width);
    for (int i = c.levels() - 1; i >= 0; i--) {
      for (int j = 0; j < c.decoderBlocks(); j++) {
        s.residual("decoder.up." + i + ".block." + j, width, c.width(i));
        width = c.width(i);
        s.attention(form.attention("decoder.up.", i, j, c), width);
      }
      if (i >= 1 && i <= c.halvings()) {
        s.conv("decoder.up." + i + ".upsample.conv", width, width, 3);
      }
    }
    s.norm("decoder.norm_out", width);
    s.conv("decoder.conv_out", width, 3, 3);
    return s.shapes();
  }

  /** Shapes of the layers' weights, collected by name. */
  private record Layers(VaeForm form, Map<String, Shape> shapes) {
    void middle(String name, int width) {
      residual(name + "block_1", width, width);
      attention(form.middleAttention(name), width);
      residual(name + "block_2", width, width);
    }

    void residual(String name, int in, int out) {
      norm(name + ".norm1", in);
      conv(name + ".conv1", in, out, 3);
      norm(name + ".norm2", out);
      conv(name + ".conv2", out, out, 3);
      if (in != out) {
        conv(name + ".nin_shortcut", in, out, 1);
      }
    }

    void attention(String name, int width) {
      if (name != null) {
        norm(name + ".norm", width);
        conv(name + ".qkv", width, 3 * width, 1);
        conv(name + ".proj_out", width, width, 1);
      }
    }

    void conv(String name, int in, int out, int side) {
      shapes.put(form.conv(name) + ".weight", new Shape(out, in, side, side));
      shapes.put(form.conv(name) + ".bias", new Shape(out));
    }

    void norm(String name, int width) {
      shapes.put(form.norm(name) + ".weight", new Shape(width));
      shapes.put(form.norm(name) + ".bias", new Shape(width));
    }
  }

  /** Returns initial weights of the Infinity family for training. */
  public static Weights initialWeights(NDManager parent, VaeConfig config) {
    Weights w = new Weights(parent);
    putInitial(w, shapes(config));
    return w;
  }

  /**
   * Adds initial weights for training: convolutions normal with variance 1 / fan-in, the last one
   * of each residual and attention block near zero, norms at identity. Uses the engine's random
   * state.
   */
  public static void putInitial(Weights w, Map<String, Shape> shapes) {
    shapes.forEach(
        (name, shape) -> {
          if (name.endsWith(".bias")) {
            w.putFull(name, shape, 0f);
          } else if (shape.dimension() == 1) {
            w.putFull(name, shape, 1f);
          } else {
            double fanIn = shape.get(1) * shape.get(2) * shape.get(3);
            double gain = name.contains(".conv2.") || name.contains(".proj_out.") ? 0.1 : 1;
            w.putNormal(name, shape, (float) (gain / Math.sqrt(fanIn)));
          }
        });
  }
}
