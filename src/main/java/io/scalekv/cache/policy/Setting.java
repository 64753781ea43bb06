package io.scalekv.cache.policy;

import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * Setting of a policy: name, type, range and default, each stated once.
 *
 * @param <T> type of the value
 */
public final class Setting<T> {
  private final String name;
  private final String otherwise;
  private final String range;
  private final String meaning;
  private final Function<String, T> reader;

  private Setting(
      String name, String otherwise, String range, String meaning, Function<String, T> reader) {
    this.name = name;
    this.otherwise = otherwise;
    this.range = range;
    this.meaning = meaning;
    this.reader = reader;
  }

  /** Makes a setting that takes a whole number from {@code least} to {@code most}. */
  public static Setting<Integer> integer(
      String name, int otherwise, int least, int most, String meaning) {
    String range = most == Integer.MAX_VALUE ? "at least " + least : least + " to " + most;
    return new Setting<>(
        name,
        String.valueOf(otherwise),
        "a whole number, " + range,
        meaning,
        text -> (int) Require.between(name, Numbers.integer(text), least, most));
  }

  /** Makes a setting that takes a number from {@code least} to {@code most}. */
  public static Setting<Double> number(
      String name, double otherwise, double least, double most, String meaning) {
    return new Setting<>(
        name,
        number(otherwise),
        number(least) + " to " + number(most),
        meaning,
        text -> Require.between(name, Numbers.real(text), least, most));
  }

  private static String number(double x) {
    return x == Math.rint(x) ? String.valueOf((long) x) : String.valueOf(x);
  }

  /** Makes a setting that takes an odd number of neighbours. */
  static Setting<Integer> kernel(int otherwise, String meaning) {
    return new Setting<>(
        "kernel",
        String.valueOf(otherwise),
        "an odd number, 1 to 999",
        meaning,
        text -> {
          int kernel = Numbers.integer(text);
          Require.that(kernel % 2 == 1, "kernel must be odd, got %d", kernel);
          return (int) Require.between("kernel", kernel, 1, 999);
        });
  }

  /** Makes a setting that takes true or false. */
  public static Setting<Boolean> flag(String name, boolean otherwise, String meaning) {
    return choice(name, meaning, otherwise ? List.of("true", "false") : List.of("false", "true"))
        .map(Boolean::parseBoolean);
  }

  /** Makes a setting that takes one of a few words, the first of which is the default. */
  public static Setting<String> choice(String name, String meaning, List<String> words) {
    return new Setting<>(
        name,
        words.get(0),
        String.join(" or ", words),
        meaning,
        text -> {
          Require.that(words.contains(text), "%s must be one of %s, got %s", name, words, text);
          return text;
        });
  }

  /** Makes a setting that takes one of the constants of an enum, in lower case with hyphens. */
  public static <E extends Enum<E>> Setting<E> choice(String name, E otherwise, String meaning) {
    List<String> words =
        List.of(otherwise.getDeclaringClass().getEnumConstants()).stream()
            .map(Setting::word)
            .toList();
    return new Setting<>(
        name,
        word(otherwise),
        String.join(" or ", words),
        meaning,
        text -> {
          Require.that(words.contains(text), "%s must be one of %s, got %s", name, words, text);
          return otherwise.getDeclaringClass().getEnumConstants()[words.indexOf(text)];
        });
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Makes a setting of any other form.
   *
   * @param range which texts are allowed, for help and messages
   * @param reader throws IllegalArgumentException on any other text
   */
  public static <T> Setting<T> of(
      String name, String otherwise, String range, String meaning, Function<String, T> reader) {
    return new Setting<>(name, otherwise, range, meaning, reader);
  }

  private <U> Setting<U> map(Function<T, U> then) {
    return new Setting<>(name, otherwise, range, meaning, reader.andThen(then));
  }

  /** Returns the name on the command line. */
  public String name() {
    return name;
  }

  /** Default value, as it would be typed. */
  public String otherwise() {
    return otherwise;
  }

  /** Allowed values. */
  public String range() {
    return range;
  }

  /** Meaning, one phrase. */
  public String meaning() {
    return meaning;
  }

  /**
   * Returns the value in a specification, or the default.
   *
   * @throws IllegalArgumentException if the value is out of range
   */
  public T of(PolicySpec spec) {
    String text = spec.settings().getOrDefault(name, otherwise);
    try {
      return reader.apply(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          String.format("policy %s: %s must be %s, got %s", spec.name(), name, range, text), e);
    }
  }
}
