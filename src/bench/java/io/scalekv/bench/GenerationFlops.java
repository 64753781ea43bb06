package io.scalekv.bench;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.vae.VaeConfig;

/**
 * Operations of a generation's matrix products and convolutions, counted from the architecture: two
 * for each multiply-add. What works element by element (norms, activations, softmax, rotary
 * embedding, sampling) and resizing is left out.
 *
 * <p>Letters: R batch rows (twice the images under guidance), C width, F feed-forward width, W text
 * width, T text tokens, d bits of a token, N layers, L tokens of a map.
 */
public final class GenerationFlops {
  private static final double PER_PRODUCT = 2;

  private GenerationFlops() {}

  /**
   * The text's part, once a generation:
   *
   * <pre>  2 R T (W C + C² + 2 W C + N 2 C²) + 4 R T C + 2 R (C² + 6 C² + 2 C²)</pre>
   *
   * <p>projections for cross attention, keys and values of the pool and of every layer; the pool's
   * attention; its projection and the modulation.
   */
  public static double text(InfinityConfig c, int rows, int textTokens) {
    double width = c.width();
    double square = width * width;
    double perToken = 3 * c.textWidth() * width + square + c.depth() * 2 * square;
    return PER_PRODUCT * rows * textTokens * perToken
        + 2 * PER_PRODUCT * rows * textTokens * width
        + PER_PRODUCT * rows * 9 * square;
  }

  /**
   * The linear layers of one map's blocks: qkv, projection, query and projection of cross
   * attention, feed-forward part.
   *
   * <pre>  2 R L N (6 C² + 2 C F)</pre>
   */
  public static double blocks(InfinityConfig c, int rows, int tokens) {
    double width = c.width();
    return PER_PRODUCT * rows * tokens * c.depth() * width * (6 * width + 2.0 * c.ffnWidth());
  }

  /**
   * The linear layers outside the blocks of all maps: logits of every token, and the embedding of
   * the codes that all maps but the first begin with, once for both guidance branches.
   *
   * <pre>  2 R ΣL 2 C d + 2 B (ΣL − L₀) d C</pre>
   */
  public static double head(InfinityConfig c, int rows, int images, ScaleSchedule schedule) {
    double one = PER_PRODUCT * c.width() * c.tokenBits();
    int all = schedule.totalTokens();
    return one * (2.0 * rows * all + (double) images * (all - schedule.tokens(0)));
  }

  /**
   * Both products of attention: scores and weighted values.
   *
   * @param rowsTimesWidth R · C, or R · D for each head by itself
   * @param queries of a row and head
   * @param keys that they meet
   */
  public static double attention(double rowsTimesWidth, double queries, double keys) {
    return 2 * PER_PRODUCT * rowsTimesWidth * queries * keys;
  }

  /** Attention of all layers and maps to the text. */
  public static double crossAttention(
      InfinityConfig c, int rows, int textTokens, ScaleSchedule schedule) {
    return c.depth() * attention((double) rows * c.width(), schedule.totalTokens(), textTokens);
  }

  /**
   * The image tokenizer's decoder: 2 · out · in · side² operations a convolution and position.
   *
   * @param height rows of the latent
   * @param width columns of the latent
   */
  public static double decoder(VaeConfig v, int images, int height, int width) {
    double positions = (double) height * width;
    int channels = v.width(v.levels() - 1);
    double sum = convolution(v.codeBits(), channels, 3) * positions;
    sum += 2 * residual(channels, channels) * positions;
    for (int i = v.levels() - 1; i >= 0; i--) {
      for (int j = 0; j < v.decoderBlocks(); j++) {
        sum += residual(channels, v.width(i)) * positions;
        channels = v.width(i);
      }
      if (i >= 1 && i <= v.halvings()) {
        positions *= 4;
        sum += convolution(channels, channels, 3) * positions;
      }
    }
    sum += convolution(channels, 3, 3) * positions;
    return images * sum;
  }

  private static double residual(int in, int out) {
    double sum = convolution(in, out, 3) + convolution(out, out, 3);
    return in == out ? sum : sum + convolution(in, out, 1);
  }

  private static double convolution(int in, int out, int side) {
    return PER_PRODUCT * in * out * side * side;
  }
}
