package io.scalekv.cache;

import io.scalekv.io.Numbers;
import io.scalekv.io.Require;

/**
 * Allocation of one scale's budget to drafters and refiners (Li et al., ScaleKV, eq. 4). At every
 * scale that reads a compressed cache,
 *
 * <pre>  N_d(k)·B_d(k) + N_r(k)·B_r(k) ≤ B·L</pre>
 *
 * <p>with equality up to the rounding to whole tokens. Without drafters, or with drafters only,
 * every layer gets B. No layer gets more tokens than it stores; tokens that a drafter cannot use go
 * to the refiners.
 */
public sealed interface Allocation {
  /** Begin of the message about any other text. */
  String FORMS = "allocation must be released, paper or paper:START:DECAY, got ";

  /** Returns the name in files and on the command line. */
  String name();

  /**
   * Returns the tokens of a drafter at one scale, before they are clipped to the stored ones.
   *
   * @param budget mean tokens per layer B
   * @param step 0 at the first scale that reads a compressed cache, then 1, 2, …
   * @param drafter which layers are drafters, some but not all
   * @param room stored tokens of each layer
   * @return B_d(k)
   */
  int drafterTokens(int budget, int step, boolean[] drafter, int[] room);

  /**
   * Reads {@code released}, {@code paper}, or {@code paper:START:DECAY} such as {@code
   * paper:0.92:0.05}.
   */
  static Allocation parse(String text) {
    if (text.equals("released")) {
      return new Released();
    }
    String[] words = text.split(":", -1);
    if (words[0].equals("paper")) {
      try {
        if (words.length == 1) {
          return new Paper();
        }
        if (words.length == 3) {
          return new Paper(Numbers.real(words[1]), Numbers.real(words[2]));
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(FORMS + text, e);
      }
    }
    throw new IllegalArgumentException(FORMS + text);
  }

  /**
   * Equation of the paper: B_r(k) = B·(start − decay·k), rounded and at least 1; drafters share the
   * rest. k counts from 0 at the first scale that reads a compressed cache, because with the
   * scale's own number and the paper's δ = 70 the refiners' budget would turn negative at the last
   * scale.
   *
   * @param start B_r(0) / B, in 0..1; the paper's 600 tokens are 0.92
   * @param decay δ / B, at least 0; the paper's 70 tokens are 0.108
   */
  record Paper(double start, double decay) implements Allocation {
    /** Creates the paper's values for B = 650, applied to any B. */
    public Paper() {
      this(0.92, 0.108);
    }

    /** Checks the ranges. */
    public Paper {
      Require.between("allocation paper: start", start, 0.0, 1.0);
      Require.between("allocation paper: decay", decay, 0.0, Double.MAX_VALUE);
    }

    @Override
    public String name() {
      return "paper";
    }

    @Override
    public int drafterTokens(int budget, int step, boolean[] drafter, int[] room) {
      int drafters = 0;
      for (boolean d : drafter) {
        drafters += d ? 1 : 0;
      }
      int refiners = drafter.length - drafters;
      long refinerTokens = Math.max(1, Math.round(budget * (start - decay * step)));
      long share = ((long) budget * drafter.length - refiners * refinerTokens) / drafters;
      return (int) Math.min(Integer.MAX_VALUE, share);
    }
  }

  /**
   * Rule of the released budget files: drafters retain nearly all tokens. B_d(k) is the largest
   * integer, up to the most that a drafter stores, for which B_r(k) is an integer of at least
   * ⌈4·B/13⌉ (200 where B is 650).
   */
  record Released() implements Allocation {
    @Override
    public String name() {
      return "released";
    }

    @Override
    public int drafterTokens(int budget, int step, boolean[] drafter, int[] room) {
      int limit = 0;
      int refiners = 0;
      for (int l = 0; l < drafter.length; l++) {
        if (drafter[l]) {
          limit = Math.max(limit, room[l]);
        } else {
          refiners++;
        }
      }
      long floor = (4L * budget + 12) / 13 * refiners;
      int best = Math.min(budget, limit);
      boolean found = false;
      for (int tokens = limit; tokens >= best && !found; tokens--) {
        long rest = rest(budget, tokens, drafter, room);
        if (rest >= floor && rest % refiners == 0) {
          best = tokens;
          found = true;
        }
      }
      // layers that store less than B may leave no exact division: then the largest that fits
      for (int tokens = limit; tokens >= best && !found; tokens--) {
        if (rest(budget, tokens, drafter, room) >= floor) {
          best = tokens;
          found = true;
        }
      }
      return best;
    }

    private static long rest(int budget, int drafterTokens, boolean[] drafter, int[] room) {
      long rest = (long) budget * drafter.length;
      for (int l = 0; l < drafter.length; l++) {
        rest -= drafter[l] ? Math.min(drafterTokens, room[l]) : 0;
      }
      return rest;
    }
  }
}
