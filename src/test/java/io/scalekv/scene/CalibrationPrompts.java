package io.scalekv.scene;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGeneratorFactory;

/**
 * Draws the scene files of calibration-prompts and the held-out resource from their seeds. Run
 * {@link #main} in the project's folder after a change of the language, then train again.
 */
final class CalibrationPrompts {
  static final Path FOLDER = Path.of("calibration-prompts");
  static final Path RESOURCE = Path.of("src/main/resources/io/scalekv/scene/held-out.txt");
  private static final long SEED_128 = 128;
  private static final long SEED_512 = 512;

  private CalibrationPrompts() {}

  /** The files' lines by name, comments first. */
  static Map<String, List<String>> files() {
    Set<String> taken = new LinkedHashSet<>();
    long seed = 1;
    while (attributes(draw(seed, 10, taken)).size() < attributeCount()) {
      seed++;
    }
    Map<String, List<String>> files = new LinkedHashMap<>();
    add(
        files,
        taken,
        "scenes-10.txt",
        seed,
        10,
        "The first seed from 1 whose ten scenes show every value of every attribute.");
    add(files, taken, "scenes-128.txt", SEED_128, 128, "None of scenes-10.txt is among them.");
    add(
        files,
        taken,
        "scenes-heldout-512.txt",
        SEED_512,
        512,
        "None of scenes-10.txt and scenes-128.txt is among them.");
    return files;
  }

  /** The resource's lines: all captions of the three files, sorted. */
  static List<String> resource() {
    Set<String> captions = new TreeSet<>();
    files()
        .values()
        .forEach(lines -> lines.stream().filter(l -> !l.startsWith("#")).forEach(captions::add));
    List<String> lines = new ArrayList<>();
    lines.add("# The captions of calibration-prompts/scenes-*.txt; training never draws them.");
    lines.addAll(captions);
    return lines;
  }

  private static void add(
      Map<String, List<String>> files,
      Set<String> taken,
      String name,
      long seed,
      int count,
      String note) {
    List<Scene> scenes = draw(seed, count, taken);
    List<String> lines = new ArrayList<>();
    lines.add(
        "# "
            + count
            + " scenes, 40 % with one object, drawn with seed "
            + seed
            + " (SceneSampler, L64X128MixRandom).");
    lines.add("# " + note);
    for (Scene scene : scenes) {
      lines.add(scene.caption());
      taken.add(scene.caption());
      taken.add(scene.mirrored().caption());
    }
    files.put(name, lines);
  }

  private static List<Scene> draw(long seed, int count, Set<String> taken) {
    SceneSampler sampler =
        SceneSampler.withHeldOut(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
    Set<String> seen = new LinkedHashSet<>(taken);
    List<Scene> scenes = new ArrayList<>();
    while (scenes.size() < count) {
      Scene scene = sampler.next();
      if (seen.add(scene.caption())) {
        seen.add(scene.mirrored().caption());
        scenes.add(scene);
      }
    }
    return scenes;
  }

  /** Every value of every attribute that occurs in the scenes; a colour counts for either use. */
  static Set<Object> attributes(List<Scene> scenes) {
    Set<Object> attributes = new LinkedHashSet<>();
    for (Scene scene : scenes) {
      attributes.addAll(List.of(scene.arrangement(), scene.ground(), scene.background()));
      for (SceneObject object : scene.objects()) {
        attributes.addAll(
            List.of(object.size(), object.texture(), object.colour(), object.shape()));
      }
    }
    return attributes;
  }

  /** Number of attribute values of the language. */
  static int attributeCount() {
    return Place.values().length
        + Relation.values().length
        + Ground.values().length
        + ObjectSize.values().length
        + Texture.values().length
        + Colour.values().length
        + ShapeKind.values().length;
  }

  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, List<String>> file : files().entrySet()) {
      write(FOLDER.resolve(file.getKey()), file.getValue());
    }
    write(RESOURCE, resource());
  }

  private static void write(Path file, List<String> lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
  }
}
