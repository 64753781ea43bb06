package io.scalekv.model;

import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Number of a drawing at each scale: one for all scales, or one for each.
 *
 * @param values one, or as many as scales
 */
public record PerScale(List<Double> values) {
  /** Copies the list. */
  public PerScale {
    values = List.copyOf(values);
    Require.that(!values.isEmpty(), "numbers must be at least one, got none");
  }

  /** Returns the same number for all scales. */
  public static PerScale of(double value) {
    return new PerScale(List.of(value));
  }

  /**
   * Reads {@code 3}, {@code 3,3,2.5} or a file: a number a line, or lines of a scale, counted from
   * 1, and its number, below any header.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static PerScale parse(String text) {
    List<String> numbers = Arrays.asList(text.split(",", -1));
    if (numbers.stream().allMatch(PerScale::isNumber)) {
      return new PerScale(numbers.stream().map(Double::valueOf).toList());
    }
    boolean named = text.chars().anyMatch(Character::isLetter) && text.indexOf('\0') < 0;
    Require.that(
        named && Files.exists(Path.of(text)),
        "must be a number, one a scale such as 3,3,2.5, or a file of them, got %s",
        text);
    return table(Path.of(text));
  }

  private static boolean isNumber(String text) {
    return Numbers.isReal(text) && Double.parseDouble(text) >= 0;
  }

  private static PerScale table(Path file) {
    List<Double> values = new ArrayList<>();
    List<String> lines = TextFile.lines(TextFile.read(file));
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      List<String> cells = Arrays.asList(line.split("\\s*[,;\\s]\\s*"));
      boolean numbers = cells.stream().allMatch(PerScale::isNumber);
      if (line.isEmpty() || line.startsWith("#") || (!numbers && values.isEmpty())) {
        continue;
      }
      boolean fits =
          numbers
              && (cells.size() == 1
                  || cells.size() == 2 && cells.get(0).equals("" + (values.size() + 1)));
      Require.that(
          fits,
          "%s, line %d must be a number, or scale %d and its number, got %s",
          file,
          i + 1,
          values.size() + 1,
          line);
      values.add(Double.valueOf(cells.get(cells.size() - 1)));
    }
    Require.that(!values.isEmpty(), "%s must hold a number a scale, got none", file);
    return new PerScale(values);
  }

  /** Returns the number at a scale, 0-based. */
  public double at(int scale) {
    return values.get(values.size() == 1 ? 0 : scale);
  }

  /** Returns this for a number of scales with 1 behind the first {@code kept}. */
  PerScale oneAfter(int kept, int scales) {
    List<Double> all = new ArrayList<>();
    for (int k = 0; k < scales; k++) {
      all.add(k < kept ? Double.valueOf(at(k)) : Double.valueOf(1));
    }
    return new PerScale(all);
  }

  /** Checks the range of every number and their count. */
  void check(String subject, double least, double most) {
    values.forEach(v -> Require.between(subject, v, least, most));
  }

  /** Checks that there is one number, or one for each scale. */
  void checkCount(String subject, int scales) {
    Require.that(
        values.size() == 1 || values.size() == scales,
        "%s must have 1 number or one for each of %d scales, got %d",
        subject,
        scales,
        values.size());
  }

  /** Returns whether all scales have this number. */
  boolean isAll(double value) {
    return Collections.frequency(values, value) == values.size();
  }

  /** Returns the numbers with commas. */
  @Override
  public String toString() {
    return values.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
