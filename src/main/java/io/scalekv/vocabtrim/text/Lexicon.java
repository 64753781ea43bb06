package io.scalekv.vocabtrim.text;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/** Lexicon of invented words by class and frequency: shared by all domains, or of one domain. */
final class Lexicon {
  /** Class of words. */
  enum WordClass {
    NOUN(2600, 400, "", "er", "ion", "um", "el"),
    VERB(1500, 250, "ate", "ise", "en", "ow"),
    ADJECTIVE(1300, 200, "ous", "ic", "al", "ish"),
    NAME(600, 50, "a", "o", "in", "us");

    private final int own;
    private final int shared;
    private final String[] endings;

    WordClass(int own, int shared, String... endings) {
      this.own = own;
      this.shared = shared;
      this.endings = endings;
    }
  }

  private static final String[] ONSETS = {
    "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p",
    "pl", "pr", "qu", "r", "s", "sh", "sk", "sl", "st", "t", "th", "tr", "v", "w", "y", "z"
  };
  private static final String[] NUCLEI = {"a", "e", "i", "o", "u", "ai", "ea", "oo", "ou", "ei"};
  private static final String[] CODAS = {
    "", "", "", "", "b", "ck", "d", "l", "m", "n", "nd", "nt", "r", "rk", "s", "st", "t", "x"
  };

  private final String[][][] words = new String[Domain.values().length][][];
  private int size;

  Lexicon(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Set<String> taken = new HashSet<>();
    String[][] shared = new String[WordClass.values().length][];
    for (WordClass c : WordClass.values()) {
      shared[c.ordinal()] = make(c, c.shared, random, taken);
    }
    for (Domain d : Domain.values()) {
      words[d.ordinal()] = new String[WordClass.values().length][];
      for (WordClass c : WordClass.values()) {
        String[] own = make(c, c.own, random, taken);
        words[d.ordinal()][c.ordinal()] = mixed(own, shared[c.ordinal()]);
      }
    }
    size = taken.size();
  }

  private static String[] make(WordClass c, int count, SplittableRandom random, Set<String> taken) {
    String[] made = new String[count];
    int n = 0;
    while (n < count) {
      int syllables = n < count / 4 ? 1 : 2; // frequent words are short
      StringBuilder word = new StringBuilder();
      for (int s = 0; s < syllables; s++) {
        word.append(one(ONSETS, random)).append(one(NUCLEI, random)).append(one(CODAS, random));
      }
      word.append(one(c.endings, random));
      if (c == WordClass.NAME) {
        word.setCharAt(0, Character.toUpperCase(word.charAt(0)));
      }
      if (taken.add(word.toString())) {
        made[n++] = word.toString();
      }
    }
    return made;
  }

  private static String one(String[] of, SplittableRandom random) {
    return of[random.nextInt(of.length)];
  }

  /** Returns the domain's own words, interleaved evenly with the shared ones. */
  private static String[] mixed(String[] own, String[] shared) {
    String[] all = new String[own.length + shared.length];
    int a = 0;
    int b = 0;
    for (int i = 0; i < all.length; i++) {
      boolean fromShared = (long) b * all.length < (long) i * shared.length && b < shared.length;
      all[i] = fromShared || a == own.length ? shared[b++] : own[a++];
    }
    return all;
  }

  /** Returns the words of a class in a domain, the most frequent first; do not modify. */
  String[] words(Domain domain, WordClass c) {
    return words[domain.ordinal()][c.ordinal()];
  }

  /** Returns the number of distinct words of all domains. */
  int size() {
    return size;
  }
}
