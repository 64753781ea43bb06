package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.in;
import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.require;

import io.scalekv.weights.StateDictPickle.RawTensor;
import io.scalekv.weights.StateDictPickle.Tuple;
import io.scalekv.weights.StateDictPickle.Unreadable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;

/**
 * Choice of one state dict in a saved object. A training file holds several: the trained weights,
 * their moving average, the image tokenizer, the optimizer's state.
 *
 * @param place keys that lead to it, joined by dots, or the last of them; null for none in
 *     particular
 * @param score number of wanted names among those of a state dict
 */
record StateDictChoice(String place, ToIntFunction<Set<String>> score) {
  /** The state dict at the usual place with the most tensors. */
  static final StateDictChoice USUAL = new StateDictChoice(null, names -> 0);

  /** Usual places, in the order of the search. */
  private static final List<String> PLACES =
      List.of(
          "",
          "trainer.gpt_fsdp",
          "trainer.gpt_wo_ddp",
          "trainer.var_wo_ddp",
          "state_dict",
          "model",
          "module",
          "vae");

  private static final int DEEPEST = 3;
  private static final int MOST_KEYS = 9;
  private static final int MOST = 4096;
  private static final Pattern AVERAGE = Pattern.compile("(^|[_.])ema([_.]|$)");

  /**
   * State dict of a saved object.
   *
   * @param place keys that lead to it, joined by dots; empty for the saved object itself
   * @param tensors {@link RawTensor} or {@link Unreadable} by name
   * @param wanted number of wanted names among them
   */
  record Found(String place, Map<String, Object> tensors, int wanted) {
    private boolean average() {
      return AVERAGE.matcher(place).find();
    }

    private int rank() {
      int rank = PLACES.indexOf(place);
      return rank < 0 ? PLACES.size() : rank;
    }
  }

  /**
   * Chooses.
   *
   * @throws WeightsFileException if there is none
   */
  Found of(Path file, Object root) {
    List<Found> all = new ArrayList<>();
    collect(file, root, "", 0, new IdentityHashMap<>(), all);
    if (place != null) {
      return all.stream()
          .filter(f -> f.place().equals(place) || f.place().endsWith("." + place))
          .findFirst()
          .orElseThrow(() -> in(file, "state dict", "one of " + places(all), oneLine(place)));
    }
    Comparator<Found> rank = Comparator.comparingInt(Found::rank).reversed();
    int most = all.stream().mapToInt(Found::wanted).max().orElse(0);
    if (most == 0) {
      return all.stream()
          .filter(f -> f.rank() < PLACES.size())
          .max(Comparator.<Found>comparingInt(f -> f.tensors().size()).thenComparing(rank))
          .orElseThrow(() -> none(file, root));
    }
    // the moving average only where there is nothing else
    return all.stream()
        .filter(f -> 2 * f.wanted() > most)
        .max(
            Comparator.<Found, Boolean>comparing(f -> !f.average())
                .thenComparingInt(Found::wanted)
                .thenComparing(rank))
        .orElseThrow();
  }

  private static String places(List<Found> all) {
    List<String> places = all.stream().map(f -> f.place().isEmpty() ? "(top)" : f.place()).toList();
    return places.isEmpty()
        ? "those of the file, which has none"
        : oneLine(String.join(", ", places));
  }

  private static WeightsFileException none(Path file, Object root) {
    String got =
        root instanceof Map<?, ?> map
            ? map.isEmpty() ? "an empty dictionary" : "the keys " + keys(map)
            : root instanceof RawTensor
                ? "one tensor without a name"
                : root instanceof List || root instanceof Tuple ? "a list" : "no dictionary";
    String places = String.join(", ", PLACES.subList(1, PLACES.size()));
    return in(file, "state dict", "tensors by name at the top level or under " + places, got);
  }

  private static String keys(Map<?, ?> map) {
    List<String> keys = new ArrayList<>();
    for (Map.Entry<?, ?> e : map.entrySet().stream().limit(MOST_KEYS).toList()) {
      boolean nested = e.getValue() instanceof Map<?, ?> inner && !inner.isEmpty() && map != inner;
      keys.add(e.getKey() + (nested ? " (" + first((Map<?, ?>) e.getValue()) + ")" : ""));
    }
    return oneLine(String.join(", ", keys));
  }

  private static String first(Map<?, ?> map) {
    return String.join(", ", map.keySet().stream().limit(MOST_KEYS).map(Object::toString).toList());
  }

  /** Collects dictionaries with tensors, each dictionary once. */
  private void collect(
      Path file, Object at, String place, int depth, Map<Object, Boolean> seen, List<Found> all) {
    if (!(at instanceof Map<?, ?> map) || seen.put(at, true) != null) {
      return;
    }
    Map<String, Object> tensors = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> {
          boolean tensor = value instanceof RawTensor || value instanceof Unreadable;
          if (tensor && key instanceof String name) {
            tensors.put(name, value);
          }
        });
    if (!tensors.isEmpty()) {
      require(all.size() < MOST, file, "number of state dicts", "at most " + MOST, "more");
      all.add(new Found(place, tensors, score.applyAsInt(tensors.keySet())));
    }
    if (depth < DEEPEST) {
      map.forEach(
          (key, value) -> {
            if (key instanceof String name) {
              String below = place.isEmpty() ? name : place + "." + name;
              collect(file, value, below, depth + 1, seen, all);
            }
          });
    }
  }
}
