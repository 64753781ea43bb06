package io.scalekv.cli;

import io.scalekv.io.NearWord;
import io.scalekv.io.Numbers;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converter of an option that takes one of a few words; an error names the nearest one. */
class Choice<T> implements ITypeConverter<T> {
  private final List<T> values;
  private final Function<T, String> name;

  /**
   * Creates a converter.
   *
   * @param name text of a value on the command line
   */
  Choice(List<T> values, Function<T, String> name) {
    this.values = values;
    this.name = name;
  }

  /** Returns a converter of an enum by its names in lower case with hyphens. */
  static <E extends Enum<E>> Choice<E> of(Class<E> type) {
    return new Choice<>(
        List.of(type.getEnumConstants()), v -> v.name().toLowerCase(Locale.ROOT).replace('_', '-'));
  }

  @Override
  public T convert(String text) {
    List<String> names = names().toList();
    int at = names.indexOf(text);
    if (at < 0) {
      throw new TypeConversionException(
          "must be %s, got %s%s".formatted(String.join(" or ", names), text, near(text, names)));
    }
    return values.get(at);
  }

  private Stream<String> names() {
    return values.stream().map(name);
  }

  /** Returns {@code ; did you mean X?}, or nothing where no word is near. */
  static String near(String text, List<String> names) {
    return NearWord.of(text, names).map(n -> "; did you mean " + n + "?").orElse("");
  }

  /** Converter of whole numbers from 1. */
  static final class Positive implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 1);
    }
  }

  /** Converter of whole numbers from 0. */
  static final class NotNegative implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 0);
    }
  }

  private static int whole(String text, int least) {
    try {
      int value = Numbers.integer(text);
      if (value >= least) {
        return value;
      }
    } catch (NumberFormatException e) {
      // the same message as for a number out of range
    }
    throw new TypeConversionException(
        "must be a whole number from %d to %d, got %s".formatted(least, Integer.MAX_VALUE, text));
  }
}
