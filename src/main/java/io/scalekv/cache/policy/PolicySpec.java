package io.scalekv.cache.policy;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A policy as it is typed: {@code h2o}, or with settings {@code streaming-llm:sinks=scales:3} and
 * {@code snapkv:window=grid,w=16}.
 *
 * @param name of the policy
 * @param settings by name, those that differ from the defaults
 */
public record PolicySpec(String name, SortedMap<String, String> settings) {
  private static final Pattern WORD = Pattern.compile("[a-z][a-z0-9-]*");

  /** Copies the map. */
  public PolicySpec {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
  }

  /** Reads {@code name} or {@code name:setting=value,setting=value}. */
  public static PolicySpec parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    if (!WORD.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "policy: a name such as snapkv or snapkv:window=grid expected, got '" + text + "'");
    }
    SortedMap<String, String> settings = new TreeMap<>();
    if (colon >= 0) {
      for (String part : text.substring(colon + 1).split(",", -1)) {
        int equals = part.indexOf('=');
        if (equals < 1 || equals == part.length() - 1) {
          throw new IllegalArgumentException(
              "policy " + text + ": setting=value expected, got '" + part + "'");
        }
        String key = part.substring(0, equals);
        if (settings.put(key, part.substring(equals + 1)) != null) {
          throw new IllegalArgumentException(
              "policy " + text + ": each setting once expected, got " + key + " again");
        }
      }
    }
    return new PolicySpec(name, settings);
  }

  /** A whole number, or the default where it is not set. */
  public int integer(String key, int otherwise, int least, int most) {
    String value = settings.get(key);
    if (value == null) {
      return otherwise;
    }
    try {
      int n = Integer.parseInt(value);
      if (n >= least && n <= most) {
        return n;
      }
    } catch (NumberFormatException e) {
      throw bad(key, least + " to " + most, value, e);
    }
    throw bad(key, least + " to " + most, value, null);
  }

  /** A number, or the default where it is not set. */
  public double number(String key, double otherwise, double least, double most) {
    String value = settings.get(key);
    if (value == null) {
      return otherwise;
    }
    try {
      double x = Double.parseDouble(value);
      if (x >= least && x <= most) {
        return x;
      }
    } catch (NumberFormatException e) {
      throw bad(key, least + " to " + most, value, e);
    }
    throw bad(key, least + " to " + most, value, null);
  }

  /** One of a few words, the first of which is the default. */
  public String choice(String key, String... words) {
    String value = settings.getOrDefault(key, words[0]);
    for (String w : words) {
      if (w.equals(value)) {
        return w;
      }
    }
    throw bad(key, String.join(" or ", words), value, null);
  }

  /** The text of a setting, or the default. */
  public String text(String key, String otherwise) {
    return settings.getOrDefault(key, otherwise);
  }

  /** Checks that nothing else is set. */
  void onlyKnown(Set<String> known) {
    for (Map.Entry<String, String> e : settings.entrySet()) {
      if (!known.contains(e.getKey())) {
        throw new IllegalArgumentException(
            "policy "
                + name
                + ": "
                + (known.isEmpty() ? "no settings" : "settings " + String.join(", ", known))
                + " expected, got "
                + e.getKey());
      }
    }
  }

  private IllegalArgumentException bad(String key, String expected, String got, Exception cause) {
    return new IllegalArgumentException(
        "policy " + name + ": " + key + ": " + expected + " expected, got " + got, cause);
  }

  @Override
  public String toString() {
    return settings.isEmpty()
        ? name
        : name
            + ":"
            + settings.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(","));
  }
}
