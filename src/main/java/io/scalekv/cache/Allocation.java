package io.scalekv.cache;

/**
 * How one scale's budget is shared out between drafters and refiners (Li et al., ScaleKV, eq. 4).
 * At every scale that reads a cut cache,
 *
 * <pre>  N_d(k)·B_d(k) + N_r(k)·B_r(k) ≤ B·L</pre>
 *
 * <p>with equality up to the rounding to whole tokens. Without drafters, or with nothing but
 * drafters, every layer gets B. No layer gets more tokens than it holds; what a drafter cannot hold
 * goes to the refiners.
 */
public sealed interface Allocation {
  /** Name in files and on the command line. */
  String name();

  /**
   * Tokens of the drafters and of the refiners at one scale, before any is clipped to what its
   * layer holds.
   *
   * @param budget mean tokens per layer B
   * @param step 0 at the first scale that reads a cut cache, then 1, 2, …
   * @param drafter which layers are drafters, some but not all
   * @param room tokens that each layer holds
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
          return new Paper(Double.parseDouble(words[1]), Double.parseDouble(words[2]));
        }
      } catch (NumberFormatException e) {
        throw unknown(text, e);
      }
    }
    throw unknown(text, null);
  }

  private static IllegalArgumentException unknown(String text, Exception cause) {
    return new IllegalArgumentException(
        "allocation: released, paper or paper:START:DECAY expected, got " + text, cause);
  }

  /**
   * The paper's equation: B_r(k) = B·(start − decay·k), rounded and at least 1; drafters share the
   * rest. k counts from 0 at the first scale that reads a cut cache, because with the scale's own
   * number and the paper's δ = 70 the refiners' budget would turn negative at the last scale.
   *
   * @param start B_r(0) / B, in 0..1; the paper's 600 tokens are 0.92
   * @param decay δ / B, at least 0; the paper's 70 tokens are 0.108
   */
  record Paper(double start, double decay) implements Allocation {
    /** The paper's choice for B = 650, for any B. */
    public Paper() {
      this(0.92, 0.108);
    }

    /** Checks the ranges. */
    public Paper {
      if (!(start >= 0 && start <= 1) || !(decay >= 0 && Double.isFinite(decay))) {
        throw new IllegalArgumentException(
            "allocation paper: start in 0..1 and decay of at least 0 expected, got "
                + start
                + " and "
                + decay);
      }
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
   * The rule behind the released budget files: drafters hold nearly all there is. B_d(k) is the
   * largest integer, up to the most that a drafter holds, for which B_r(k) is an integer of at
   * least ⌈4·B/13⌉ (200 where B is 650).
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
      // Layers that hold less than B may leave no exact division: then the largest that fits.
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
