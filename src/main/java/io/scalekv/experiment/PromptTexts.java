package io.scalekv.experiment;

import io.scalekv.io.Require;
import io.scalekv.model.PromptSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Prompts of an experiment and of its calibrations, by the SHA-256 of their lines. */
public final class PromptTexts {
  private final Map<String, List<String>> sets = new LinkedHashMap<>();

  /** Nothing yet. */
  public PromptTexts() {}

  /** Those of a result folder; every hash is checked. */
  public static PromptTexts of(Map<String, List<String>> sets) {
    PromptTexts texts = new PromptTexts();
    sets.forEach(
        (hash, prompts) -> {
          Require.that(texts.add(prompts).equals(hash), "prompts must have hash %s", hash);
        });
    return texts;
  }

  /** Adds a set and gives its hash. */
  String add(List<String> prompts) {
    PromptSet set = PromptSet.ofTexts("prompts", prompts);
    sets.put(set.sha256(), set.prompts());
    return set.sha256();
  }

  /** Returns the set of that hash. */
  public List<String> get(String sha256) {
    List<String> prompts = sets.get(sha256);
    Require.that(prompts != null, "prompts: no set of hash %s", sha256);
    return prompts;
  }

  /** Returns all sets, in the order in which they were added. */
  public Map<String, List<String>> all() {
    return Collections.unmodifiableMap(sets);
  }
}
