package io.scalekv.report;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.KeptTokens;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * File of the share of heads and batch rows that retained each token when a scale read it, for
 * reports. Shares are bytes, 255 for all, in Base64.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param title policy and budget
 * @param prompt text of the image
 * @param schedule token maps, such as {@code 16x16}
 * @param layers watched layers, ascending
 */
public record KeptShares(
    int schemaVersion, String title, String prompt, List<String> schedule, List<Layer> layers) {
  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 1;

  /** Layer, and for each scale the shares of its prefix; empty at the first scale. */
  public record Layer(int layer, List<String> shares) {
    /** Copies the list. */
    public Layer {
      shares = List.copyOf(shares);
    }
  }

  /** Copies the lists. */
  public KeptShares {
    schedule = List.copyOf(schedule);
    layers = List.copyOf(layers);
  }

  /** Returns the shares recorded while an image was drawn. */
  public static KeptShares of(KeptTokens kept, String title, String prompt) {
    ScaleSchedule schedule = kept.schedule();
    List<Layer> layers = new ArrayList<>();
    for (int layer : kept.layers()) {
      List<String> shares = new ArrayList<>();
      for (int k = 0; k < schedule.scales(); k++) {
        double[] share = kept.share(layer, k);
        byte[] bytes = new byte[share.length];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, share[i])));
        }
        shares.add(Base64.getEncoder().encodeToString(bytes));
      }
      layers.add(new Layer(layer, shares));
    }
    return new KeptShares(
        SCHEMA_VERSION,
        title,
        prompt,
        schedule.maps().stream().map(Object::toString).toList(),
        layers);
  }

  /** Writes the file atomically. */
  public void write(Path file) throws IOException {
    String text = CanonicalJson.of(this);
    AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if the file has another form
   */
  public static KeptShares read(Path file) throws IOException {
    String name = file.toString();
    KeptShares kept = Json.bind(Json.parse(Json.text(file), name), KeptShares.class, name);
    if (kept.schemaVersion() != SCHEMA_VERSION) {
      throw Json.error(name, "/schemaVersion", "" + SCHEMA_VERSION, "" + kept.schemaVersion());
    }
    int[] before = new int[kept.schedule().size()];
    for (int k = 0; k < before.length; k++) {
      String map = kept.schedule().get(k);
      if (!map.matches("[1-9][0-9]{0,3}x[1-9][0-9]{0,3}")) {
        throw Json.error(name, "/schedule/" + k, "a map such as 16x16", map);
      }
      if (k + 1 < before.length) {
        String[] sides = map.split("x");
        before[k + 1] = before[k] + Integer.parseInt(sides[0]) * Integer.parseInt(sides[1]);
      }
    }
    for (int l = 0; l < kept.layers().size(); l++) {
      check(name, l, kept.layers().get(l), before);
    }
    return kept;
  }

  private static void check(String name, int l, Layer layer, int[] before) {
    String place = "/layers/" + l + "/shares";
    if (layer.shares().size() != before.length) {
      throw Json.error(name, place, before.length + " scales", "" + layer.shares().size());
    }
    for (int k = 0; k < before.length; k++) {
      int tokens;
      try {
        tokens = Base64.getDecoder().decode(layer.shares().get(k)).length;
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            name + ": " + place + "/" + k + " must be Base64: " + e.getMessage(), e);
      }
      if (tokens != before[k]) {
        throw Json.error(name, place + "/" + k, before[k] + " tokens", "" + tokens);
      }
    }
  }
}
