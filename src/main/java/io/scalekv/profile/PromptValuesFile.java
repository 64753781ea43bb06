package io.scalekv.profile;

import io.scalekv.io.Require;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * File of {@link PromptValues} by name, lossless: one float64 tensor {@code NAME.N} [L][K][width]
 * per name and image N, NaN where nothing is measured.
 */
public final class PromptValuesFile {
  private static final String FORMAT = "scalekv-prompt-values-1";

  private PromptValuesFile() {}

  /** Writes the values, all or nothing. */
  public static void write(Map<String, PromptValues> values, Path file) {
    Map<String, TensorData> tensors = new TreeMap<>();
    values.forEach(
        (name, v) -> {
          ProfileGeometry g = v.geometry();
          long[] shape = {g.layers(), g.scales(), v.width()};
          v.flat().forEach((p, flat) -> tensors.put(name + "." + p, TensorData.of(flat, shape)));
        });
    SafetensorsWriter.writeData(file, tensors, StoredType.F32, Map.of("format", FORMAT));
  }

  /**
   * Reads the values.
   *
   * @param shape of the model
   * @param widths numbers per (layer, scale) of each name
   * @throws IllegalArgumentException if the file holds something else; one line naming the file
   */
  public static SortedMap<String, PromptValues> read(
      ProfileGeometry shape, Map<String, Integer> widths, Path file) {
    try (TensorSource tensors = SafetensorsFile.open(file)) {
      String format = tensors.metadata().get("format");
      Require.that(FORMAT.equals(format), "%s: format must be %s, got %s", file, FORMAT, format);
      SortedMap<String, PromptValues> values = new TreeMap<>();
      widths.forEach((name, width) -> values.put(name, read(shape, tensors, file, name, width)));
      return values;
    }
  }

  private static PromptValues read(
      ProfileGeometry g, TensorSource tensors, Path file, String name, int width) {
    long[] shape = {g.layers(), g.scales(), width};
    SortedMap<Integer, double[]> flat = new TreeMap<>();
    for (String tensor : tensors.names()) {
      if (tensor.startsWith(name + ".")) {
        String index = tensor.substring(name.length() + 1);
        Require.that(
            index.matches("[0-9]{1,9}"),
            "%s: %s must end with an index, got %s",
            file,
            name,
            index);
        Require.that(
            Arrays.equals(shape, tensors.info(tensor).shape()),
            "%s: %s must have shape %s, got %s",
            file,
            tensor,
            Arrays.toString(shape),
            Arrays.toString(tensors.info(tensor).shape()));
        flat.put(Integer.valueOf(index), tensors.doubles(tensor));
      }
    }
    Require.that(!flat.isEmpty(), "%s: missing %s: measure this shard again", file, name);
    return PromptValues.ofFlat(g, width, flat);
  }
}
