package io.scalekv.vocabtrim.text;

import java.util.List;

/** Special tokens of the tokenizers trained here. */
public final class SpecialTokens {
  /** Token that begins a document. */
  public static final int BEGIN = 0;

  /** Token that ends a document. */
  public static final int END = 1;

  /** Texts of the special tokens, by id. */
  public static final List<String> TEXTS = List.of("<|begin_of_text|>", "<|end_of_text|>");

  private SpecialTokens() {}

  /** Returns the tokens of a document between the two. */
  public static int[] framed(int[] tokens) {
    int[] all = new int[tokens.length + 2];
    all[0] = BEGIN;
    System.arraycopy(tokens, 0, all, 1, tokens.length);
    all[all.length - 1] = END;
    return all;
  }
}
