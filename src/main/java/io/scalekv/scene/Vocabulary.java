package io.scalekv.scene;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The closed list of caption words. A word's token id is its position, which never changes: weights
 * of trained models depend on it. There is no padding or unknown token.
 */
public final class Vocabulary {
  /** Words of the longest caption: two objects of five, a relation of two, a background of five. */
  public static final int MAX_TOKENS = 17;

  private static final int NEAR_WORDS = 3;
  private static final List<String> WORDS = collect();
  private static final Map<String, Integer> IDS = index();

  private Vocabulary() {}

  /** All words in the order of their ids. */
  public static List<String> words() {
    return WORDS;
  }

  /** Number of words. */
  public static int size() {
    return WORDS.size();
  }

  /**
   * The token id of a word.
   *
   * @throws IllegalArgumentException if the word is unknown; the message lists near ones
   */
  public static int id(String word) {
    Integer id = IDS.get(word);
    if (id == null) {
      throw new IllegalArgumentException(
          "a word of the scene vocabulary expected, got \""
              + word
              + "\" (near: "
              + String.join(", ", nearest(word))
              + ")");
    }
    return id;
  }

  /**
   * The token ids of a caption, word by word; the grammar is not checked. Case and repeated spaces
   * do not matter.
   *
   * @return L ids, {@code 1 <= L <= MAX_TOKENS}
   * @throws IllegalArgumentException if the caption is empty, too long, or has an unknown word; the
   *     message names the word, its position and near ones
   */
  public static int[] encode(String caption) {
    List<String> words = split(caption);
    if (words.size() > MAX_TOKENS) {
      throw new IllegalArgumentException(
          "caption: at most "
              + MAX_TOKENS
              + " words expected, got "
              + words.size()
              + ": \""
              + caption.strip()
              + "\"");
    }
    return words.stream().mapToInt(IDS::get).toArray();
  }

  /** The caption's words in lower case, each one known. */
  static List<String> split(String caption) {
    String stripped = caption.strip();
    if (stripped.isEmpty()) {
      throw new IllegalArgumentException("caption: words of a scene expected, got an empty text");
    }
    List<String> words = List.of(stripped.toLowerCase(Locale.ROOT).split("\\s+"));
    for (int i = 0; i < words.size(); i++) {
      if (!IDS.containsKey(words.get(i))) {
        throw new IllegalArgumentException(
            "caption word "
                + (i + 1)
                + ": a word of the scene vocabulary expected, got \""
                + words.get(i)
                + "\" (near: "
                + String.join(", ", nearest(words.get(i)))
                + ") in \""
                + stripped
                + "\"");
      }
    }
    return words;
  }

  /** The vocabulary's words with the least edit distance to {@code word}, nearest first. */
  static List<String> nearest(String word) {
    return WORDS.stream()
        .sorted(Comparator.comparingInt(known -> editDistance(word, known)))
        .limit(NEAR_WORDS)
        .collect(Collectors.toList());
  }

  /** Levenshtein distance: insertions, deletions and replacements, one each. */
  static int editDistance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  private static List<String> collect() {
    Set<String> words = new LinkedHashSet<>();
    words.add("a");
    for (ObjectSize size : ObjectSize.values()) {
      words.add(size.word());
    }
    for (Texture texture : Texture.values()) {
      words.add(texture.word());
    }
    for (Colour colour : Colour.values()) {
      words.add(colour.word());
    }
    for (ShapeKind shape : ShapeKind.values()) {
      words.add(shape.word());
    }
    words.add("at");
    for (Place place : Place.values()) {
      words.add(place.words());
    }
    for (Relation relation : Relation.values()) {
      words.addAll(List.of(relation.words().split(" ")));
    }
    words.add("on");
    for (Ground ground : Ground.values()) {
      words.add(ground.word());
    }
    words.add("background");
    return List.copyOf(new ArrayList<>(words));
  }

  private static Map<String, Integer> index() {
    Map<String, Integer> ids = new HashMap<>();
    for (String word : WORDS) {
      ids.put(word, ids.size());
    }
    return Map.copyOf(ids);
  }
}
