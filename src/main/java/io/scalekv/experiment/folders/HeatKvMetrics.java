package io.scalekv.experiment.folders;

import io.scalekv.io.Json;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.Psnr;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * File {@code metrics.json} with the keys and conventions of HeatKV's evaluation script: PSNR and
 * LPIPS are means over the PNG files at the top level with equal names, FID over all pairs. Where a
 * pair is identical the script writes a bare {@code Infinity}, which is not JSON: here {@code psnr}
 * is null and {@code identical} is the number of such pairs.
 */
public final class HeatKvMetrics {
  private HeatKvMetrics() {}

  /** Returns the text: one object for one candidate, for several an object of them by name. */
  public static String text(FolderScores scores) {
    Map<String, Object> byName = new LinkedHashMap<>();
    for (FolderScores.Row row : scores.candidates()) {
      byName.put(row.name(), of(scores, row));
    }
    Object document = byName.size() == 1 ? byName.values().iterator().next() : byName;
    return Json.pretty(document) + "\n";
  }

  private static Map<String, Object> of(FolderScores scores, FolderScores.Row row) {
    List<PairScore> pairs = row.pairs().stream().filter(HeatKvMetrics::read).toList();
    long identical = pairs.stream().filter(PairScore::identical).count();
    Interval fid = row.values().get(InceptionFeatures.FID.key());
    boolean lpips = row.values().containsKey(Lpips.METRIC.key());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("base_dir", scores.reference());
    json.put("count_requested", scores.requested() == null ? pairs.size() : scores.requested());
    json.put("dataset", scores.dataset());
    json.put("fid", fid == null ? null : fid.mean());
    json.put("heatkv_dir", row.images());
    json.put("identical", identical);
    json.put("lpips", lpips ? mean(pairs, Lpips.METRIC.key()) : null);
    json.put("model", model(row.images()));
    json.put("paired_images", pairs.size());
    json.put("psnr", identical > 0 ? null : mean(pairs, Psnr.METRIC.key()));
    return json;
  }

  /** Returns whether the script pairs these files. */
  private static boolean read(PairScore pair) {
    return !pair.id().contains("/")
        && Stream.of(pair.referenceFile(), pair.imageFile())
            .allMatch(f -> f.toLowerCase(Locale.ROOT).endsWith(".png"));
  }

  private static Double mean(List<PairScore> pairs, String key) {
    OptionalDouble mean =
        pairs.stream()
            .map(p -> p.values().get(key))
            .filter(v -> v != null)
            .mapToDouble(Double::doubleValue)
            .average();
    return mean.isPresent() ? mean.getAsDouble() : null;
  }

  /** Returns the name of the model in the manifest that {@code generate} left, or null. */
  private static String model(Path images) {
    for (Path folder : Stream.of(images, images.toAbsolutePath().getParent()).toList()) {
      Path manifest = folder == null ? null : folder.resolve("manifest.json");
      if (manifest != null && Files.isRegularFile(manifest)) {
        try {
          return Json.parse(Json.text(manifest), manifest.toString())
              .at("/model/name")
              .asString(null);
        } catch (IllegalArgumentException e) {
          return null; // of another program
        }
      }
    }
    return null;
  }
}
