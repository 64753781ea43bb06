package io.scalekv.scene;

import io.scalekv.io.NearWord;
import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Vocabulary of captions. The token id of a word is its position, which never changes because
 * weights of trained models depend on it. There is no padding or unknown token.
 */
public final class Vocabulary {
  /** Number of words of the longest caption. */
  public static final int MAX_TOKENS = 17;

  private static final int NEAR_WORDS = 3;

  /** All words in the order of their ids. */
  static final List<String> WORDS = collect();

  private static final Map<String, Integer> IDS = index();

  private Vocabulary() {}

  /** Returns the number of words. */
  public static int size() {
    return WORDS.size();
  }

  /**
   * Returns the token ids of a caption, without a check of its grammar. Case and repeated spaces do
   * not matter.
   *
   * @return L ids, {@code 1 <= L <= MAX_TOKENS}
   * @throws IllegalArgumentException if the caption is empty, too long, or has an unknown word; the
   *     message names the word, its position and near ones
   */
  public static int[] encode(String caption) {
    List<String> words = split(caption);
    Require.that(
        words.size() <= MAX_TOKENS,
        "caption must be at most %d words, got %d: \"%s\"",
        MAX_TOKENS,
        words.size(),
        caption.strip());
    return words.stream().mapToInt(IDS::get).toArray();
  }

  /** Splits a caption into known words in lower case. */
  static List<String> split(String caption) {
    String stripped = caption.strip();
    Require.that(!stripped.isEmpty(), "caption must be words of a scene, got an empty text");
    List<String> words = List.of(stripped.toLowerCase(Locale.ROOT).split("\\s+"));
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (!IDS.containsKey(word)) {
        throw new IllegalArgumentException(
            "caption word %d must be of the vocabulary, got \"%s\" (near: %s) in \"%s\""
                .formatted(i + 1, word, String.join(", ", nearest(word)), stripped));
      }
    }
    return words;
  }

  /** Returns the words with the least edit distance to {@code word}, nearest first. */
  static List<String> nearest(String word) {
    return WORDS.stream()
        .sorted(Comparator.comparingInt(known -> NearWord.distance(word, known)))
        .limit(NEAR_WORDS)
        .toList();
  }

  private static List<String> collect() {
    List<String> words = new ArrayList<>();
    words.add("a");
    add(words, ObjectSize.values());
    add(words, Texture.values());
    add(words, Colour.values());
    add(words, ShapeKind.values());
    words.add("at");
    for (Place place : Place.values()) {
      words.add(place.words());
    }
    for (Relation relation : Relation.values()) {
      words.addAll(List.of(relation.words().split(" ")));
    }
    words.add("on");
    add(words, Ground.values());
    words.add("background");
    return words.stream().distinct().toList();
  }

  private static void add(List<String> words, CaptionWord... values) {
    for (CaptionWord value : values) {
      words.add(value.word());
    }
  }

  private static Map<String, Integer> index() {
    Map<String, Integer> ids = new HashMap<>();
    for (String word : WORDS) {
      ids.put(word, ids.size());
    }
    return Map.copyOf(ids);
  }
}
