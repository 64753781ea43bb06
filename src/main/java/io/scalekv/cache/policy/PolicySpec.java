package io.scalekv.cache.policy;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.scalekv.io.Require;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Policy on the command line: {@code h2o}, or with settings {@code streaming-llm:sinks=scales:3}
 * and {@code snapkv:window=grid,w=16}.
 *
 * @param name of the policy
 * @param settings by name, those that are given
 */
public record PolicySpec(String name, SortedMap<String, String> settings) {
  private static final Pattern WORD = Pattern.compile("[a-z][a-z0-9-]*");

  /** Copies the map. */
  public PolicySpec {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
  }

  /**
   * Reads {@code name} or {@code name:setting=value,setting=value}; whether they exist, {@link
   * Policies#kind(PolicySpec)} says.
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static PolicySpec parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    Require.that(
        WORD.matcher(name).matches(),
        "policy must be a name such as snapkv or snapkv:window=grid, got '%s'",
        text);
    SortedMap<String, String> settings = new TreeMap<>();
    for (String part : colon < 0 ? new String[0] : text.substring(colon + 1).split(",", -1)) {
      int equals = part.indexOf('=');
      Require.that(
          equals >= 1 && equals < part.length() - 1,
          "policy %s: settings must be setting=value, got '%s'",
          text,
          part);
      String key = part.substring(0, equals);
      Require.that(
          settings.put(key, part.substring(equals + 1)) == null,
          "policy %s: each setting must be given once, got %s twice",
          text,
          key);
    }
    return new PolicySpec(name, settings);
  }

  /** Returns whether a setting is given. */
  boolean has(Setting<?> setting) {
    return settings.containsKey(setting.name());
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
