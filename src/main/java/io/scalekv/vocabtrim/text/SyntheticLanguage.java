package io.scalekv.vocabtrim.text;

import io.scalekv.vocabtrim.text.Lexicon.WordClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/**
 * Synthetic language: about 20 000 invented words with Zipf frequencies, sentences from a small
 * grammar of word classes, three domains with their own words. Each document has one topic, whose
 * words it prefers, and a few recurring names; a verb prefers some objects, a noun some adjectives.
 * Document i of a domain is a function of seed, domain and i.
 *
 * <p>A training takes the domains in rotation and only documents from {@link #FIRST_OF_TRAINING}
 * on; those below are for calibration, prompts and measurements.
 */
public final class SyntheticLanguage implements TextSource {
  /** Index of the first document that a training may see. */
  public static final long FIRST_OF_TRAINING = 1L << 32;

  private static final long FIRST_OF_CALIBRATION = 1L << 24;
  private static final int TOKENIZER_DOCUMENTS = 9000;
  private static final int TOPICS = 12;
  private static final double EXPONENT = 1.05;
  private static final double OF_TOPIC = 0.75;
  private static final double PREFERRED = 0.7;
  private static final int OBJECTS = 5;
  private static final int ADJECTIVES = 3;

  private final long seed;
  private final Lexicon lexicon;
  private final Zipf[] all = new Zipf[WordClass.values().length];
  private final Zipf[] ofTopic = new Zipf[WordClass.values().length];

  /** Creates the language of a seed; each seed has its own words. */
  public SyntheticLanguage(long seed) {
    this.seed = seed;
    this.lexicon = new Lexicon(seed);
    for (WordClass c : WordClass.values()) {
      int n = lexicon.words(Domain.WRITING, c).length;
      all[c.ordinal()] = new Zipf(n, EXPONENT);
      ofTopic[c.ordinal()] = new Zipf(n / TOPICS, EXPONENT);
    }
  }

  /** Returns the number of invented words; a few English function words come on top. */
  public int words() {
    return lexicon.size();
  }

  /** Returns a document; indices begin at 0. */
  public String document(Domain domain, long index) {
    SplittableRandom random = new SplittableRandom(mix(mix(seed, domain.ordinal() + 1L), index));
    Writer writer = new Writer(domain, random);
    switch (domain) {
      case WRITING -> writer.story();
      case MATH -> writer.proof();
      case CODING -> writer.program();
    }
    return writer.text.toString();
  }

  /** Returns the documents {@code from} to {@code from + count − 1} of a domain. */
  public List<String> documents(Domain domain, long from, int count) {
    List<String> documents = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      documents.add(document(domain, from + i));
    }
    return documents;
  }

  /** Returns a hash of two numbers. */
  static long mix(long a, long b) {
    long z = a * 0x9E3779B97F4A7C15L + b * 0xD1B54A32D192ED03L + 0x632BE59BD9B4E019L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  @Override
  public String description() {
    return "the synthetic language, " + words() + " words, domains writing, math, coding";
  }

  @Override
  public Iterable<String> tokenizerTexts() {
    return () ->
        LongStream.range(0, TOKENIZER_DOCUMENTS)
            .mapToObj(i -> document(FIRST_OF_TRAINING + i))
            .iterator();
  }

  /** Returns the document of an index, the domains in rotation. */
  private String document(long index) {
    Domain[] domains = Domain.values();
    return document(domains[(int) (index % domains.length)], index);
  }

  @Override
  public int[][] rows(TextTokenizer tokenizer, long seed, int step, int rows, int length) {
    int[][] all = new int[rows][];
    for (int r = 0; r < rows; r++) {
      long place = mix(mix(seed, step), r) >>> 2;
      all[r] = row(tokenizer, FIRST_OF_TRAINING + place, length);
    }
    return all;
  }

  /** Returns consecutive documents as one row, the last one truncated. */
  private int[] row(TextTokenizer tokenizer, long first, int length) {
    int[] row = new int[length];
    int n = 0;
    for (long i = first; n < length; i++) {
      int[] tokens = SpecialTokens.framed(tokenizer.encode(document(i)));
      int part = Math.min(tokens.length, length - n);
      System.arraycopy(tokens, 0, row, n, part);
      n += part;
    }
    return row;
  }

  @Override
  public List<int[]> heldOut(TextTokenizer tokenizer, int rows, int length) {
    return LongStream.range(0, rows).mapToObj(r -> row(tokenizer, r * length, length)).toList();
  }

  @Override
  public List<int[]> measured(TextTokenizer tokenizer, String domain, int count, int length) {
    return framed(tokenizer, domain, 0, count);
  }

  @Override
  public List<int[]> calibration(TextTokenizer tokenizer, String domain, int count, int length) {
    return framed(tokenizer, domain, FIRST_OF_CALIBRATION, count);
  }

  private List<int[]> framed(TextTokenizer tokenizer, String domain, long from, int count) {
    return documents(Domain.of(domain), from, count).stream()
        .map(d -> SpecialTokens.framed(tokenizer.encode(d)))
        .toList();
  }

  /** Zipf's law: ranks 0 to n − 1 with probability proportional to 1 / (rank + 1)^s. */
  static final class Zipf {
    private final double[] cumulative;

    Zipf(int n, double s) {
      cumulative = new double[n];
      double sum = 0;
      for (int r = 0; r < n; r++) {
        sum += Math.pow(r + 1, -s);
        cumulative[r] = sum;
      }
      for (int r = 0; r < n; r++) {
        cumulative[r] /= sum;
      }
    }

    int draw(RandomGenerator random) {
      int at = Arrays.binarySearch(cumulative, random.nextDouble());
      int rank = at >= 0 ? at + 1 : -at - 1;
      return Math.min(rank, cumulative.length - 1);
    }
  }

  /** Writer of one document. */
  private final class Writer {
    private final Domain domain;
    private final SplittableRandom random;
    private final int topic;
    private final String[] names;
    private final StringBuilder text = new StringBuilder();

    Writer(Domain domain, SplittableRandom random) {
      this.domain = domain;
      this.random = random;
      this.topic = random.nextInt(TOPICS);
      this.names = new String[2 + random.nextInt(2)];
      Arrays.setAll(names, i -> lexicon.words(domain, WordClass.NAME)[index(WordClass.NAME)]);
    }

    /** Returns a word's index in its class, of the topic's share or of all. */
    private int index(WordClass c) {
      return random.nextDouble() < OF_TOPIC
          ? place(c, ofTopic[c.ordinal()].draw(random))
          : all[c.ordinal()].draw(random);
    }

    /** Returns the index of a word of the topic: every TOPICS-th word of a class. */
    private int place(WordClass c, int rank) {
      return (rank * TOPICS + topic) % lexicon.words(domain, c).length;
    }

    private String word(WordClass c, int index) {
      return lexicon.words(domain, c)[index];
    }

    /** Returns one of the words that another word prefers in this topic, or any. */
    private int preferred(WordClass c, int by, int choices) {
      if (random.nextDouble() >= PREFERRED) {
        return index(c);
      }
      int choice = random.nextInt(choices);
      long hash = mix(mix(seed ^ c.ordinal(), (long) domain.ordinal() * TOPICS + topic), by);
      SplittableRandom of = new SplittableRandom(mix(hash, choice));
      return place(c, ofTopic[c.ordinal()].draw(of));
    }

    private boolean chance(double p) {
      return random.nextDouble() < p;
    }

    private String one(String... of) {
      return of[random.nextInt(of.length)];
    }

    private String name() {
      return names[random.nextInt(names.length)];
    }

    /** Returns a noun with its article and sometimes an adjective. */
    private String thing(int noun) {
      String article = one("the", "the", "a", "this");
      String adjective =
          chance(0.45)
              ? " " + word(WordClass.ADJECTIVE, preferred(WordClass.ADJECTIVE, noun, ADJECTIVES))
              : "";
      return article + adjective + " " + word(WordClass.NOUN, noun);
    }

    private String object(int verb) {
      return thing(preferred(WordClass.NOUN, verb, OBJECTS));
    }

    void story() {
      int sentences = 7 + random.nextInt(6);
      for (int s = 0; s < sentences; s++) {
        if (s > 0) {
          text.append(' ');
        }
        text.append(sentence()).append('.');
      }
    }

    private String sentence() {
      int verb = index(WordClass.VERB);
      String subject = chance(0.6) ? name() : thing(index(WordClass.NOUN));
      String clause = subject + " " + tense(verb) + " " + object(verb);
      return switch (random.nextInt(6)) {
        case 0 -> clause + " " + one("in", "on", "near", "with") + " " + object(verb + 1);
        case 1 -> {
          int then = index(WordClass.VERB);
          yield clause + " and " + tense(then) + " " + object(then);
        }
        case 2 -> "then " + clause;
        case 3 -> name() + " said that " + clause;
        case 4 -> {
          int noun = index(WordClass.NOUN);
          yield thing(noun)
              + " of "
              + name()
              + " was "
              + word(WordClass.ADJECTIVE, preferred(WordClass.ADJECTIVE, noun, ADJECTIVES));
        }
        default -> clause;
      };
    }

    private String tense(int verb) {
      return one("did", "will", "could") + " " + word(WordClass.VERB, verb);
    }

    void proof() {
      String x = one("x", "y", "n", "k");
      int noun = index(WordClass.NOUN);
      text.append("let ").append(x).append(" be ").append(thing(noun)).append(".\n");
      int lines = 4 + random.nextInt(5);
      for (int l = 0; l < lines; l++) {
        switch (random.nextInt(4)) {
          case 0 -> sum();
          case 1 -> equation(x);
          case 2 -> {
            int verb = index(WordClass.VERB);
            text.append(one("so", "hence", "thus")).append(" we ");
            text.append(word(WordClass.VERB, verb)).append(' ').append(object(verb));
          }
          default -> {
            int other = preferred(WordClass.NOUN, noun, OBJECTS);
            text.append("every ").append(word(WordClass.NOUN, noun)).append(" is ");
            text.append(thing(other)).append(" by ").append(name());
            noun = other;
          }
        }
        text.append(".\n");
      }
    }

    private void sum() {
      int a = random.nextInt(50);
      int b = random.nextInt(50);
      boolean plus = chance(0.6) || b > a;
      text.append(a).append(plus ? " + " : " - ").append(b).append(" = ");
      text.append(plus ? a + b : a - b);
    }

    private void equation(String x) {
      int value = 1 + random.nextInt(12);
      int add = random.nextInt(20);
      text.append("if ").append(x).append(" + ").append(add).append(" = ").append(value + add);
      text.append(" then ").append(x).append(" = ").append(value);
    }

    void program() {
      int functions = 1 + random.nextInt(3);
      for (int f = 0; f < functions; f++) {
        int verb = index(WordClass.VERB);
        String a = word(WordClass.NOUN, preferred(WordClass.NOUN, verb, OBJECTS));
        String b = word(WordClass.NOUN, index(WordClass.NOUN));
        text.append("def ").append(call(verb)).append('(').append(a).append(", ").append(b);
        text.append("):\n");
        int lines = 2 + random.nextInt(4);
        for (int l = 0; l < lines; l++) {
          line(a, b);
        }
        text.append("    return ").append(chance(0.5) ? a : b).append("\n\n");
      }
    }

    private String call(int verb) {
      return word(WordClass.VERB, verb)
          + "_"
          + word(WordClass.NOUN, preferred(WordClass.NOUN, verb, OBJECTS));
    }

    private void line(String a, String b) {
      String to = chance(0.5) ? a : b;
      String from = chance(0.5) ? a : b;
      switch (random.nextInt(4)) {
        case 0 -> {
          text.append("    ").append(to).append(" = ").append(call(index(WordClass.VERB)));
          text.append('(').append(from).append(")\n");
        }
        case 1 -> {
          text.append("    if ").append(from).append(one(" > ", " < ", " == "));
          text.append(random.nextInt(10)).append(":\n        return ").append(to).append('\n');
        }
        case 2 -> {
          int noun = index(WordClass.NOUN);
          text.append("    # ").append(word(WordClass.VERB, index(WordClass.VERB))).append(' ');
          text.append(thing(noun)).append(" of ").append(name()).append('\n');
        }
        default -> {
          text.append("    ").append(to).append(" += ").append(1 + random.nextInt(9)).append('\n');
        }
      }
    }
  }
}
