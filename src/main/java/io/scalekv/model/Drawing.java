package io.scalekv.model;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Settings of a drawing, without its prompts.
 *
 * @param schedule token maps
 * @param aspect height / width that the schedule belongs to
 * @param sampling guidance and choice of codes
 * @param negative negative prompt; empty for the learned unconditional text
 * @param seed seed N of the first image of every prompt
 * @param seeds images K of every prompt, drawn with seeds N … N + K − 1
 */
public record Drawing(
    ScaleSchedule schedule,
    double aspect,
    Sampling sampling,
    String negative,
    long seed,
    int seeds) {
  /** Checks the ranges. */
  public Drawing {
    Require.that(aspect > 0, "aspect must be positive, got %s", aspect);
    Require.that(negative != null, "negative must be a text, got null");
    Require.atLeast("seeds", seeds, 1);
    sampling.check(schedule.scales());
  }

  /** Returns one image a prompt. */
  public Drawing(
      ScaleSchedule schedule, double aspect, Sampling sampling, String negative, long seed) {
    this(schedule, aspect, sampling, negative, seed, 1);
  }

  /** Returns square images of the model's own size with the authors' sampling and seed 0. */
  public static Drawing defaults(ModelConfig config) {
    return new Drawing(config.schedule(Optional.empty(), 1), 1, config.sampling(), "", 0);
  }

  /** Returns this with another sampling. */
  public Drawing with(Sampling newSampling) {
    return new Drawing(schedule, aspect, newSampling, negative, seed, seeds);
  }

  /** Returns this with another first seed. */
  public Drawing withSeed(long newSeed) {
    return new Drawing(schedule, aspect, sampling, negative, newSeed, seeds);
  }

  /** Returns this with another number of images a prompt. */
  public Drawing withSeeds(int newSeeds) {
    return new Drawing(schedule, aspect, sampling, negative, seed, newSeeds);
  }

  /** Returns the images in the order of the prompts, then of the seeds. */
  public List<Prompt> images(List<String> prompts) {
    List<Prompt> images = new ArrayList<>();
    for (String prompt : prompts) {
      for (int s = 0; s < seeds; s++) {
        images.add(new Prompt(prompt, seed + s));
      }
    }
    return images;
  }

  /** Returns the memory of a model's cache while images are drawn. */
  public MemoryModel memory(Geometry model, CacheType keys, CacheType values, int batch) {
    MemoryModel memory = model.memory(keys, values, sampling.guided() ? 2 : 1, batch);
    return memory.guidedFor(sampling.guidedScales(schedule.scales()));
  }

  /** Returns this without guidance behind the first {@code kept} scales. */
  public Drawing guidedUntil(int kept) {
    int scales = schedule.scales();
    return new Drawing(schedule, aspect, sampling.guidedUntil(kept, scales), negative, seed, seeds);
  }

  /**
   * Returns the drawing that {@link #provenance} states.
   *
   * @throws IllegalArgumentException if a fact is missing or malformed
   */
  public static Drawing of(Map<String, String> facts) {
    Function<String, String> fact =
        key ->
            Optional.ofNullable(facts.get(key))
                .orElseThrow(() -> new IllegalArgumentException("missing " + key));
    List<TokenMap> maps =
        Stream.of(fact.apply("schedule").replaceAll("[\\[\\] ]", "").split(","))
            .map(TokenMap::parse)
            .toList();
    return new Drawing(
        new ScaleSchedule(maps),
        Double.parseDouble(fact.apply("aspect")),
        Sampling.of(
            fact,
            facts.containsKey("topK"),
            Integer.parseInt(facts.getOrDefault("cfgInsertionLayer", "0"))),
        facts.getOrDefault("negative", ""),
        Long.parseLong(fact.apply("seed")),
        Integer.parseInt(fact.apply("seeds")));
  }

  /** Returns the facts that every file of results states, by name. */
  public SortedMap<String, String> provenance() {
    SortedMap<String, String> facts = new TreeMap<>();
    facts.put("schedule", schedule.maps().toString());
    facts.put("aspect", Double.toString(aspect));
    facts.putAll(sampling.provenance());
    if (sampling.guidance() == Guidance.CONSTANT) {
      facts.put("negative", negative);
    }
    facts.put("seed", Long.toString(seed));
    facts.put("seeds", Integer.toString(seeds));
    return facts;
  }
}
