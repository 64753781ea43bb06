package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.require;
import static io.scalekv.weights.WeightsFileException.tensor;

import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Names and shapes of the weights of a model. A source is checked as a whole before the first byte
 * is allocated.
 */
public final class ExpectedWeights {
  private final String model;
  private final Map<String, Shape> shapes;
  private final Predicate<String> passedOver;
  private final Function<String, List<String>> otherNames;
  private final String stateDict;

  private ExpectedWeights(
      String model,
      Map<String, Shape> shapes,
      Predicate<String> passedOver,
      Function<String, List<String>> otherNames,
      String stateDict) {
    this.model = model;
    this.shapes = shapes;
    this.passedOver = passedOver;
    this.otherNames = otherNames;
    this.stateDict = stateDict;
  }

  /**
   * Returns the names and shapes of a model.
   *
   * @param model name of the model, for messages
   * @param shapes by name
   */
  public static ExpectedWeights of(String model, Map<String, Shape> shapes) {
    return new ExpectedWeights(
        model, new LinkedHashMap<>(shapes), n -> false, n -> List.of(), null);
  }

  /** Returns a copy that ignores other tensors with such names. */
  public ExpectedWeights passingOver(Predicate<String> names) {
    return new ExpectedWeights(model, shapes, names, otherNames, stateDict);
  }

  /** Returns a copy that looks for a missing weight under other names. */
  public ExpectedWeights orNamed(Function<String, List<String>> names) {
    return new ExpectedWeights(model, shapes, passedOver, names, stateDict);
  }

  /** Returns a copy that reads one of several state dicts of a file, by its keys joined by dots. */
  public ExpectedWeights in(String stateDict) {
    return new ExpectedWeights(model, shapes, passedOver, otherNames, stateDict);
  }

  /**
   * Opens weights. Of several state dicts in a file, that of {@link #in} is read, or else the one
   * with the most expected names; a moving average only where there is nothing else.
   *
   * @throws WeightsFileException if there is no readable file or no such state dict
   */
  public TensorSource open(Path path) {
    StateDictChoice choice =
        new StateDictChoice(stateDict, names -> count(unwrapped(names).names().keySet()));
    return WeightsForm.open(TensorSource.locate(path), choice);
  }

  /** Returns the names without the prefix of a wrapper. */
  private Unwrapped unwrapped(Set<String> names) {
    return Unwrapped.of(names, this::count);
  }

  /** Returns how many of the expected names are there. */
  private int count(Set<String> names) {
    return (int) shapes.keySet().stream().filter(e -> nameIn(names, e) != null).count();
  }

  /**
   * Returns a line about the state dict of a file and the wrapper around its names; empty if there
   * is nothing to say.
   */
  public Optional<String> remarks(TensorSource source) {
    List<String> remarks = new ArrayList<>();
    String place = source.metadata().getOrDefault(PthFile.PLACE, "");
    if (!place.isEmpty()) {
      remarks.add("state dict " + place);
    }
    String prefix = unwrapped(source.names()).removed();
    if (!prefix.isEmpty()) {
      remarks.add("names without " + prefix);
    }
    return remarks.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", remarks));
  }

  /**
   * Checks every name, shape and type. What is not read and cannot be a weight by its type is
   * passed over.
   *
   * @param where the path of the source, for messages
   * @return for each expected name the name in the source
   * @throws WeightsFileException for a weight that is missing, has another shape, is not F32, F16
   *     or BF16, and for one of these types that is not expected
   */
  public Map<String, String> check(Path where, TensorSource source) {
    Map<String, String> names = unwrapped(source.names()).names();
    Map<String, String> found = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    for (Map.Entry<String, Shape> e : shapes.entrySet()) {
      String name = names.get(nameIn(names.keySet(), e.getKey()));
      if (name == null) {
        missing.add(e.getKey());
      } else {
        found.put(e.getKey(), name);
      }
    }
    // a wrong shape says more about a wrong file than a missing name
    found.forEach((expected, name) -> checkOne(source.info(name), shapes.get(expected)));
    require(
        missing.isEmpty(), where, "weights of " + model, "complete", "none for " + first(missing));
    Set<String> read = Set.copyOf(found.values());
    List<String> others =
        names.entrySet().stream()
            .filter(e -> !read.contains(e.getValue()) && !passedOver.test(e.getKey()))
            .map(Map.Entry::getValue)
            .filter(name -> source.info(name).type().isWeight())
            .toList();
    require(others.isEmpty(), where, "tensors", "weights of " + model, first(others));
    return found;
  }

  private String nameIn(Set<String> names, String expected) {
    if (names.contains(expected)) {
      return expected;
    }
    return otherNames.apply(expected).stream().filter(names::contains).findFirst().orElse(null);
  }

  private void checkOne(TensorInfo info, Shape expected) {
    String what = tensor(info.name()) + " of " + model;
    String shape = Arrays.toString(expected.getShape());
    String got = Arrays.toString(info.shape());
    require(got.equals(shape), info.file(), "shape of " + what, shape, got);
    boolean weight = info.type().isWeight();
    require(weight, info.file(), "type of " + what, "F32, F16 or BF16", info.kind());
  }

  private static String first(List<String> names) {
    if (names.isEmpty()) {
      return "none";
    }
    String name = oneLine(names.get(0));
    return names.size() == 1 ? name : name + " and " + (names.size() - 1) + " more";
  }

  /**
   * Checks and loads into empty weights, which are closed on failure.
   *
   * @param where the path of the source, for messages
   * @param listener called after every weight
   * @return the weights
   */
  public Weights load(Weights weights, Path where, TensorSource source, LoadListener listener) {
    try {
      Map<String, String> found = check(where, source);
      remarks(source).ifPresent(r -> listener.remark(where + ": " + r));
      long total = bytes(source, found);
      long done = 0;
      for (Map.Entry<String, String> e : found.entrySet()) {
        weights.read(e.getKey(), source, e.getValue());
        done += source.info(e.getValue()).byteLength();
        listener.at(model, done, total);
      }
      return weights;
    } catch (RuntimeException | Error e) {
      weights.close();
      throw e;
    }
  }

  /**
   * Opens, checks and loads into empty weights, which are closed on failure.
   *
   * @return the weights
   */
  public Weights read(Weights weights, Path path, LoadListener listener) {
    try (TensorSource source = open(path)) {
      return load(weights, path, source, listener);
    }
  }

  private static long bytes(TensorSource source, Map<String, String> found) {
    return found.values().stream().mapToLong(n -> source.info(n).byteLength()).sum();
  }

  /** Returns the number of scalars in all weights. */
  public long parameters() {
    return shapes.values().stream().mapToLong(Shape::size).sum();
  }
}
