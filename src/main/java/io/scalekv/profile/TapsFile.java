package io.scalekv.profile;

import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the taps of HeatKV, AMS-KV and HACK have measured, prompt by prompt, as a safetensors file,
 * to the bit; beside a {@link StatisticsFile}, which holds the profile. Float64 tensors per prompt
 * N, NaN where nothing is measured: {@code block-mass.N} [L][K][H·K], {@code map-similarity.N}
 * [L][K][1], {@code attention-variance.N} [L][K][H].
 */
public final class TapsFile {
  private static final String FORMAT = "scalekv-taps-1";
  private static final String MASS = "block-mass";
  private static final String SIMILARITY = "map-similarity";
  private static final String VARIANCE = "attention-variance";

  /** The three taps. */
  public record Taps(
      BlockMassTap mass, MapSimilarityTap similarity, AttentionVarianceTap variance) {}

  private TapsFile() {}

  /** Writes them, whole or not at all. */
  public static void write(Taps taps, Path file) {
    Map<String, TensorData> tensors = new TreeMap<>();
    put(tensors, MASS, taps.mass().sites());
    put(tensors, SIMILARITY, taps.similarity().sites());
    put(tensors, VARIANCE, taps.variance().sites());
    SafetensorsWriter.writeData(
        file,
        tensors,
        StoredType.F32,
        Map.of(
            "format",
            FORMAT,
            "firstMap",
            Integer.toString(taps.mass().firstMap()),
            "firstMaps",
            Integer.toString(taps.similarity().firstMaps())));
  }

  private static void put(Map<String, TensorData> tensors, String name, PromptSites sites) {
    ProfileGeometry g = sites.geometry();
    long[] shape = {g.layers(), g.scales(), sites.width()};
    sites.flat().forEach((p, v) -> tensors.put(name + "." + p, TensorData.of(v, shape)));
  }

  /**
   * Reads them.
   *
   * @param geometry of the model
   * @throws IllegalArgumentException with one line naming the file, what was expected and what was
   *     there
   */
  public static Taps read(ProfileGeometry geometry, Path file) {
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      Map<String, String> metadata = tensors.metadata();
      if (!FORMAT.equals(metadata.get("format"))) {
        throw bad(file, "format", FORMAT, metadata.get("format"));
      }
      return new Taps(
          BlockMassTap.of(
              sites(geometry, tensors, file, MASS, geometry.heads() * geometry.scales()),
              number(file, metadata, "firstMap")),
          MapSimilarityTap.of(
              sites(geometry, tensors, file, SIMILARITY, 1), number(file, metadata, "firstMaps")),
          AttentionVarianceTap.of(sites(geometry, tensors, file, VARIANCE, geometry.heads())));
    }
  }

  private static PromptSites sites(
      ProfileGeometry g, SafetensorsFile tensors, Path file, String name, int width) {
    long[] shape = {g.layers(), g.scales(), width};
    SortedMap<Integer, double[]> flat = new TreeMap<>();
    for (String tensor : tensors.names()) {
      if (!tensor.startsWith(name + ".")) {
        continue;
      }
      String index = tensor.substring(name.length() + 1);
      if (!index.matches("[0-9]{1,9}")) {
        throw bad(file, tensor, name + ".N for prompt N", index);
      }
      if (!Arrays.equals(shape, tensors.info(tensor).shape())) {
        throw bad(
            file, tensor, Arrays.toString(shape), Arrays.toString(tensors.info(tensor).shape()));
      }
      flat.put(Integer.valueOf(index), tensors.doubles(tensor));
    }
    if (flat.isEmpty()) {
      throw bad(file, name, "at least one prompt", "none");
    }
    return PromptSites.ofFlat(g, width, flat);
  }

  private static int number(Path file, Map<String, String> metadata, String name) {
    String value = metadata.get(name);
    if (value == null || !value.matches("[0-9]{1,4}")) {
      throw bad(file, name, "a whole number", value);
    }
    return Integer.parseInt(value);
  }

  private static IllegalArgumentException bad(Path file, String what, String expected, String got) {
    return new IllegalArgumentException(
        file + ": taps: " + what + ": expected " + expected + ", got " + got);
  }
}
