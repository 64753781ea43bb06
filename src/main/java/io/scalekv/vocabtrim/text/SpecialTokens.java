package io.scalekv.vocabtrim.text;

import java.util.List;

/** The special tokens of our own small tokenizers. */
public final class SpecialTokens {
  /** Begins a document; id 0. */
  public static final int BEGIN = 0;

  /** Ends a document; id 1. */
  public static final int END = 1;

  /** Their texts, by id. */
  public static final List<String> TEXTS = List.of("<|begin_of_text|>", "<|end_of_text|>");

  private SpecialTokens() {}

  /** The tokens of a document between the two. */
  public static int[] framed(int[] tokens) {
    int[] all = new int[tokens.length + 2];
    all[0] = BEGIN;
    System.arraycopy(tokens, 0, all, 1, tokens.length);
    all[all.length - 1] = END;
    return all;
  }
}
