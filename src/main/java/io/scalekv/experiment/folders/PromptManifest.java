package io.scalekv.experiment.folders;

import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Captions of images from a manifest as HeatKV's scripts write it: a JSON object {@code {index,
 * seed, prompt}} a line, for the file {@code %06d} of the index. Other keys are passed over.
 */
final class PromptManifest {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private PromptManifest() {}

  /**
   * Returns captions by image id.
   *
   * @throws IllegalArgumentException for a line that is no such object, or two of an index; the
   *     message names file and line
   */
  static Map<String, String> read(Path file) throws IOException {
    List<String> lines = Json.text(file).lines().toList();
    Map<String, String> captions = new TreeMap<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).replace(BYTE_ORDER_MARK, "").strip();
      if (!line.isEmpty()) {
        String where = file + ", line " + (i + 1);
        JsonPlace entry = JsonPlace.of(Json.parse(line, where), where);
        JsonPlace index = entry.at("index");
        String id = String.format(Locale.ROOT, "%06d", index.integer(0, Integer.MAX_VALUE));
        String before = captions.put(id, entry.at("prompt").text());
        index.check(before == null, "an index that no line before has");
      }
    }
    return Collections.unmodifiableMap(captions);
  }
}
