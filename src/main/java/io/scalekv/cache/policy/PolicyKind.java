package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * A policy that can be chosen by name.
 *
 * @param name as it is typed
 * @param source paper or code it follows
 * @param settings name and meaning of each, with its default
 * @param maker makes it for a model and a budget
 */
public record PolicyKind(String name, String source, Map<String, String> settings, Maker maker) {
  /** Makes a policy. */
  @FunctionalInterface
  public interface Maker {
    /** The policy of these settings. */
    CachePolicy make(PolicySpec spec, PolicyContext context);
  }

  /** Sorts the settings. */
  public PolicyKind {
    settings = Collections.unmodifiableMap(new TreeMap<>(settings));
  }

  /** The policy of these settings; an unknown setting is an error. */
  public CachePolicy create(PolicySpec spec, PolicyContext context) {
    spec.onlyKnown(settings.keySet());
    return maker.make(spec, context);
  }
}
