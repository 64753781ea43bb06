package io.scalekv.vocabtrim.trim;

import io.scalekv.vocabtrim.text.TextTokenizer;
import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Tokens that every trimmed head retains whatever their counts.
 *
 * @param special tokens, such as the end of an answer
 * @param bytes tokens of a single byte, from which any other text is spelled
 * @param other tokens named by the user
 */
public record Protection(
    SortedSet<Integer> special, SortedSet<Integer> bytes, SortedSet<Integer> other) {
  /** Returns the protected tokens of a tokenizer; each kind can be left out. */
  public static Protection of(
      TextTokenizer tokenizer, boolean special, boolean bytes, Collection<Integer> other) {
    return new Protection(
        special ? tokenizer.special() : new TreeSet<>(),
        bytes ? tokenizer.bytes() : new TreeSet<>(),
        new TreeSet<>(other));
  }

  /** Returns all of them, ascending. */
  public SortedSet<Integer> ids() {
    SortedSet<Integer> all = new TreeSet<>(special);
    all.addAll(bytes);
    all.addAll(other);
    return all;
  }

  /** Returns one line for people. */
  public String line() {
    return "%d special tokens, %d byte tokens, %d named"
        .formatted(special.size(), bytes.size(), other.size());
  }
}
