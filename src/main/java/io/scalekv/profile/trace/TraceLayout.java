package io.scalekv.profile.trace;

import io.scalekv.profile.Branch;
import io.scalekv.weights.StoredType;
import java.util.function.Consumer;

/**
 * Tensors of a prompt's file, in the order of the model's calls. Layer l and scale s count from 0,
 * branch b is {@code c} or {@code u}:
 *
 * <pre>
 *   l.s.b.q   [H, n_q, D]  queries as attention uses them, after normalisation and rotation
 *   l.s.b.k   [H, n_s, D]  new keys of map s
 *   l.s.b.v   [H, n_s, D]  new values of map s
 *   l.s.rows  [n_q]        I32, positions of the recorded queries, where only some are recorded
 * </pre>
 */
final class TraceLayout {
  /** Tensor of the file. */
  record Entry(String name, StoredType type, long... shape) {
    long bytes() {
      long bytes = type.width();
      for (long size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
      return bytes;
    }
  }

  private TraceLayout() {}

  /** Returns the letter of a branch. */
  static String letter(Branch branch) {
    return branch == Branch.CONDITIONAL ? "c" : "u";
  }

  /** Returns the name of q, k or v. */
  static String name(int layer, int scale, Branch branch, char part) {
    return layer + "." + scale + "." + letter(branch) + "." + part;
  }

  /** Returns the name of the positions of the recorded queries. */
  static String rows(int layer, int scale) {
    return layer + "." + scale + ".rows";
  }

  /**
   * Visits all tensors.
   *
   * @param guidedScales scales, from the first on, that have the unconditional branch
   */
  static void each(TraceRecording r, int guidedScales, Consumer<Entry> entries) {
    for (int s = 0; s < r.schedule().scales(); s++) {
      for (int l = 0; l < r.geometry().layers(); l++) {
        call(entries, r, l, s, Branch.CONDITIONAL);
        if (s < guidedScales) {
          call(entries, r, l, s, Branch.UNCONDITIONAL);
        }
        if (r.namesRows()) {
          entries.accept(new Entry(rows(l, s), StoredType.I32, r.rows(s)));
        }
      }
    }
  }

  private static void call(Consumer<Entry> entries, TraceRecording r, int l, int s, Branch branch) {
    long heads = r.geometry().heads();
    long width = r.geometry().headWidth();
    long tokens = r.schedule().tokens(s);
    entries.accept(new Entry(name(l, s, branch, 'q'), r.type(), heads, r.rows(s), width));
    entries.accept(new Entry(name(l, s, branch, 'k'), r.type(), heads, tokens, width));
    if (r.values()) {
      entries.accept(new Entry(name(l, s, branch, 'v'), r.type(), heads, tokens, width));
    }
  }
}
