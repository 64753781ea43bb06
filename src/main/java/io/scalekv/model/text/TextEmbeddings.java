package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.tensor.NativeCopy;
import java.util.Arrays;

/**
 * Text embeddings of several prompts, padded on the right to the longest.
 *
 * @param padded [B,T,W]: B prompts, T tokens of the longest, W text width; rows beyond a prompt's
 *     length are ignored
 * @param lengths tokens of each prompt, B numbers from 1 to T
 */
public record TextEmbeddings(NDArray padded, int[] lengths) {
  /** Checks the lengths against the array. */
  public TextEmbeddings {
    Shape s = padded.getShape();
    Require.that(
        s.dimension() == 3 && s.get(0) == lengths.length,
        "text embeddings must be [%d,T,W], got %s",
        lengths.length,
        s);
    for (int n : lengths) {
      Require.between("length of text embeddings", n, 1, s.get(1));
    }
  }

  /**
   * Returns embeddings, padded with zeros.
   *
   * @param rows of each prompt, [T,W]
   */
  public static TextEmbeddings of(NDManager scope, int width, float[]... rows) {
    int[] lengths = Arrays.stream(rows).mapToInt(r -> r.length / width).toArray();
    int longest = Arrays.stream(lengths).max().orElseThrow();
    float[] padded = new float[Math.multiplyExact(rows.length * longest, width)];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, padded, i * longest * width, rows[i].length);
    }
    Shape shape = new Shape(rows.length, longest, width);
    return new TextEmbeddings(NativeCopy.of(scope, padded, shape), lengths);
  }

  /**
   * Returns these prompts followed by others, padded to the longest of all; the result belongs to
   * the manager of these.
   */
  public TextEmbeddings concat(TextEmbeddings other) {
    int longest = Math.max(longest(), other.longest());
    NDArray a = padTo(padded, longest);
    NDArray b = padTo(other.padded, longest);
    if (b != other.padded) {
      b.attach(padded.getManager());
    }
    int[] all = Arrays.copyOf(lengths, lengths.length + other.lengths.length);
    System.arraycopy(other.lengths, 0, all, lengths.length, other.lengths.length);
    return new TextEmbeddings(a.concat(b, 0), all);
  }

  /** Returns the number of prompts B. */
  public int count() {
    return lengths.length;
  }

  private int longest() {
    return (int) padded.getShape().get(1);
  }

  private static NDArray padTo(NDArray x, int longest) {
    Shape s = x.getShape();
    if (s.get(1) == longest) {
      return x;
    }
    try (NDArray zeros = x.getManager().zeros(new Shape(s.get(0), longest - s.get(1), s.get(2)))) {
      return x.concat(zeros, 1);
    }
  }

  /**
   * Returns the additive attention mask over the tokens, or null when no row is padded.
   *
   * @return [B,1,1,T], 0 for tokens and −∞ for padding
   */
  public NDArray mask(NDManager manager) {
    int longest = longest();
    if (Arrays.stream(lengths).allMatch(n -> n == longest)) {
      return null;
    }
    float[] mask = new float[lengths.length * longest];
    for (int i = 0; i < lengths.length; i++) {
      Arrays.fill(mask, i * longest + lengths[i], (i + 1) * longest, Float.NEGATIVE_INFINITY);
    }
    return NativeCopy.of(manager, mask, new Shape(lengths.length, 1, 1, longest));
  }
}
