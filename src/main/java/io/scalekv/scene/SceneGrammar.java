package io.scalekv.scene;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Grammar of captions, with fixed articles and word order:
 *
 * <pre>
 * caption  = object ( " at " place | " " relation " " object ) " on a " ground " " colour " background"
 * object   = "a " size " " texture " " colour " " shape
 * place    = "left" | "right" | "top" | "bottom" | "center"
 * relation = "left of" | "right of" | "above" | "below"
 * ground   = "plain" | "gradient"
 * </pre>
 *
 * Case and repeated spaces do not matter.
 */
public final class SceneGrammar {
  private static final Map<String, ObjectSize> SIZES = byWord(ObjectSize.values());
  private static final Map<String, Texture> TEXTURES = byWord(Texture.values());
  private static final Map<String, Colour> COLOURS = byWord(Colour.values());
  private static final Map<String, ShapeKind> SHAPES = byWord(ShapeKind.values());
  private static final Map<String, Place> PLACES = byWord(Place.values(), Place::words);
  private static final Map<String, Ground> GROUNDS = byWord(Ground.values());
  // A relation is recognised by its first word; "of" follows where it has two.
  private static final Map<String, Relation> RELATIONS =
      byWord(Relation.values(), relation -> relation.words().split(" ")[0]);

  private final List<String> words;
  private int next;

  private SceneGrammar(List<String> words) {
    this.words = words;
  }

  /**
   * Parses a caption.
   *
   * @throws IllegalArgumentException if a word is unknown, the grammar is violated, or the scene
   *     breaks a rule of {@link Scene}; the message names the word, its position and near words
   */
  public static Scene parse(String caption) {
    return new SceneGrammar(Vocabulary.split(caption)).scene();
  }

  private Scene scene() {
    SceneObject first = object();
    Scene scene;
    if (next < words.size() && words.get(next).equals("at")) {
      next++;
      Place place = choice("a place", PLACES);
      scene = Scene.of(first, place, ground(), background());
    } else {
      Relation relation = choice("\"at\" or a relation", RELATIONS);
      if (relation.words().endsWith(" of")) {
        literal("of");
      }
      scene = Scene.of(first, relation, object(), ground(), background());
    }
    if (next < words.size()) {
      throw violation("the end of the caption");
    }
    return scene;
  }

  private Ground ground() {
    literal("on");
    literal("a");
    return choice("a ground", GROUNDS);
  }

  private Colour background() {
    Colour colour = choice("a colour", COLOURS);
    literal("background");
    return colour;
  }

  private SceneObject object() {
    literal("a");
    return new SceneObject(
        choice("a size", SIZES),
        choice("a texture", TEXTURES),
        choice("a colour", COLOURS),
        choice("a shape", SHAPES));
  }

  private void literal(String word) {
    if (next >= words.size() || !words.get(next).equals(word)) {
      throw violation("\"" + word + "\"");
    }
    next++;
  }

  private <T> T choice(String what, Map<String, T> choices) {
    T value = next < words.size() ? choices.get(words.get(next)) : null;
    if (value == null) {
      throw violation(what + " (" + String.join(", ", choices.keySet()) + ")");
    }
    next++;
    return value;
  }

  private IllegalArgumentException violation(String wanted) {
    String got = next < words.size() ? "\"" + words.get(next) + "\"" : "the end";
    return new IllegalArgumentException(
        "caption word %d must be %s, got %s in \"%s\""
            .formatted(next + 1, wanted, got, String.join(" ", words)));
  }

  private static <T extends CaptionWord> Map<String, T> byWord(T[] values) {
    return byWord(values, CaptionWord::word);
  }

  private static <T> Map<String, T> byWord(T[] values, Function<T, String> word) {
    Map<String, T> map = new LinkedHashMap<>();
    Arrays.stream(values).forEach(value -> map.put(word.apply(value), value));
    return map;
  }
}
