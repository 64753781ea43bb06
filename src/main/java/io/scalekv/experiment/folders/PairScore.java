package io.scalekv.experiment.folders;

import io.scalekv.image.ImageFile.Trait;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.Metric;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Score of an image against its reference: one line of {@code pairs.jsonl}, with the hashes by
 * which it is known again. A metric without a number is null there; identical images have no finite
 * PSNR.
 *
 * @param id relative name of both files without extension
 * @param images folder of the image, as it was given
 * @param candidate short name of that folder
 * @param referenceFile file of the reference
 * @param imageFile file of the image
 * @param caption caption, or null
 * @param width pixels in a row
 * @param height rows
 * @param identical whether both have the same pixels
 * @param values by {@link Metric#key}; +∞ possible; metrics that do not apply are absent
 * @param referenceTraits traits of the reference's file
 * @param imageTraits traits of the image's file
 * @param referenceSha256 hash of the reference's file
 * @param imageSha256 hash of the image's file
 * @param settings hash of the settings and nets
 */
public record PairScore(
    String id,
    String images,
    String candidate,
    String referenceFile,
    String imageFile,
    String caption,
    int width,
    int height,
    boolean identical,
    Map<String, Double> values,
    Set<Trait> referenceTraits,
    Set<Trait> imageTraits,
    String referenceSha256,
    String imageSha256,
    String settings) {
  private static final String REFERENCE_TRAITS = "referenceTraits";
  private static final String IMAGE_TRAITS = "imageTraits";

  int shortestSide() {
    return Math.min(width, height);
  }

  /** Returns the line, without its end. */
  String json(List<Metric> metrics) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("id", id);
    line.put("images", images);
    line.put("candidate", candidate);
    line.put("referenceFile", referenceFile);
    line.put("imageFile", imageFile);
    if (caption != null) {
      line.put("caption", caption);
    }
    line.put("width", width);
    line.put("height", height);
    line.put("identical", identical);
    for (Metric m : metrics) {
      if (m instanceof FidelityMetric) {
        Double value = values.get(m.key());
        line.put(m.key(), value == null || value.isInfinite() ? null : value);
      }
    }
    addTraits(line, REFERENCE_TRAITS, referenceTraits);
    addTraits(line, IMAGE_TRAITS, imageTraits);
    line.put("referenceSha256", referenceSha256);
    line.put("imageSha256", imageSha256);
    line.put("settings", settings);
    return Json.MAPPER.writeValueAsString(line);
  }

  private static void addTraits(Map<String, Object> line, String key, Set<Trait> traits) {
    if (!traits.isEmpty()) {
      line.put(key, traits.stream().map(t -> t.name().toLowerCase(Locale.ROOT)).toList());
    }
  }

  /**
   * Reads a line; empty where it has no value for a metric, which another attempt may give.
   *
   * @throws IllegalArgumentException if it is no such line
   */
  static Optional<PairScore> read(String text, List<Metric> metrics) {
    JsonPlace line = JsonPlace.of(Json.parse(text, "pair"), "pair");
    int width = line.at("width").integer(1, Integer.MAX_VALUE);
    int height = line.at("height").integer(1, Integer.MAX_VALUE);
    boolean identical = line.at("identical").node().asBoolean();
    Map<String, Double> values = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      if (metric instanceof FidelityMetric m && m.leastSide() <= Math.min(width, height)) {
        Optional<JsonPlace> value = line.find(m.key());
        if (value.isPresent()) {
          values.put(m.key(), value.get().number());
        } else if (identical && m.net() == Metric.Net.NONE) {
          values.put(m.key(), Double.POSITIVE_INFINITY);
        } else {
          return Optional.empty();
        }
      }
    }
    return Optional.of(
        new PairScore(
            line.at("id").text(),
            line.at("images").text(),
            line.at("candidate").text(),
            line.at("referenceFile").text(),
            line.at("imageFile").text(),
            line.find("caption").map(JsonPlace::text).orElse(null),
            width,
            height,
            identical,
            values,
            traits(line, REFERENCE_TRAITS),
            traits(line, IMAGE_TRAITS),
            line.at("referenceSha256").text(),
            line.at("imageSha256").text(),
            line.at("settings").text()));
  }

  private static Set<Trait> traits(JsonPlace line, String key) {
    Set<Trait> traits = EnumSet.noneOf(Trait.class);
    for (JsonPlace t : line.find(key).map(JsonPlace::elements).orElse(List.of())) {
      traits.add(t.parse(s -> Trait.valueOf(s.toUpperCase(Locale.ROOT))));
    }
    return traits;
  }
}
