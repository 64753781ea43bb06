package io.scalekv.profile.trace;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.weights.StoredType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Content of a recording, the same for all of its prompts.
 *
 * @param form tensors, or statistics computed where the model ran
 * @param model name of the model
 * @param family name of its family
 * @param geometry layers, heads and head width
 * @param softmaxScale factor on q·k before the softmax
 * @param schedule token maps
 * @param guidance where the rows of the two guidance branches stood in the model's calls
 * @param branches guidance branches that are recorded
 * @param queries query rows of each map, {@link ProfileOptions#ALL} for every row
 * @param values whether v is recorded
 * @param type of the numbers: F32, F16 or BF16
 * @param samplingSeed seed of the draw of query rows
 * @param info further facts, an object; known keys are {@code guidanceStrength}, {@code
 *     weightsSha256} and {@code rotaryReference}, the map [h, w] to which rotary positions of keys
 *     are normalised
 */
public record TraceRecording(
    Form form,
    String model,
    String family,
    Geometry geometry,
    double softmaxScale,
    ScaleSchedule schedule,
    Guidance guidance,
    Branches branches,
    int queries,
    boolean values,
    StoredType type,
    long samplingSeed,
    JsonNode info) {
  /** Form of the files of a recording. */
  public enum Form {
    /** Queries, keys and values. */
    TENSORS("prompt"),
    /** Statistics of attention. */
    STATISTICS("stats");

    private final String stem;

    Form(String stem) {
      this.stem = stem;
    }

    /** Returns the name of the file of a prompt. */
    public String file(int index) {
      return String.format(Locale.ROOT, "%s-%05d.safetensors", stem, index);
    }
  }

  /** Place of the guidance branches in the calls of a model. */
  public enum Guidance {
    /** Conditional batch rows, then as many unconditional ones. */
    ROWS,
    /** Unconditional batch rows, then as many conditional ones. */
    ROWS_UNCOND_FIRST,
    /** A conditional call, then an unconditional one. */
    PASSES,
    /** No guidance. */
    NONE
  }

  /** Guidance branches of a recording. */
  public enum Branches {
    /** The conditional branch alone. */
    COND,
    /** Both branches. */
    BOTH
  }

  private static final String ROTARY = "rotaryReference";

  /** Checks that the fields fit together. */
  public TraceRecording {
    Require.that(
        guidance != Guidance.NONE || branches == Branches.COND,
        "branches must be cond without guidance, got both");
    Require.atLeast("queries", queries, 1);
    Require.that(type.isWeight(), "dtype must be F32, F16 or BF16, got %s", type);
    JsonNode map = info.get(ROTARY);
    Require.that(
        map == null || map.size() == 2 && side(map.get(0)) && side(map.get(1)),
        "info/rotaryReference must be a map such as [16, 16], got %s",
        map);
  }

  private static boolean side(JsonNode side) {
    return side.isIntegralNumber() && side.canConvertToInt() && side.intValue() >= 1;
  }

  /** Returns the map to which rotary positions are normalised; empty if unknown or for none. */
  Optional<TokenMap> rotaryReference() {
    return Optional.ofNullable(info.get(ROTARY))
        .map(map -> new TokenMap(map.get(0).intValue(), map.get(1).intValue()));
  }

  /** Returns whether it is known how keys are rotated: as recorded, or not at all in VAR. */
  boolean knowsRotation() {
    return info.has(ROTARY) || family.equals("var");
  }

  /** Returns the shape of the attention. */
  public ProfileGeometry shape() {
    return new ProfileGeometry(geometry.layers(), geometry.heads(), schedule);
  }

  /** Returns whether every query row is recorded. */
  public boolean allQueries() {
    return rows(largestMap()) == schedule.tokens(largestMap());
  }

  private int largestMap() {
    int largest = 0;
    for (int k = 1; k < schedule.scales(); k++) {
      largest = schedule.tokens(k) > schedule.tokens(largest) ? k : largest;
    }
    return largest;
  }

  /** Returns the recorded query rows of a map. */
  public int rows(int scale) {
    return Math.min(queries, schedule.tokens(scale));
  }

  /** Returns whether files name the recorded rows. */
  boolean namesRows() {
    return queries != ProfileOptions.ALL;
  }

  /** Returns the name of an enum constant in files, such as {@code rows-uncond-first}. */
  static String key(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns the constant with this name in files. */
  static <E extends Enum<E>> E ofKey(Class<E> type, String key) {
    String subject = type.getSimpleName().toLowerCase(Locale.ROOT);
    return Require.oneOf(subject, key, List.of(type.getEnumConstants()), TraceRecording::key);
  }
}
