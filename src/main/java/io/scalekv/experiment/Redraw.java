package io.scalekv.experiment;

import io.scalekv.cache.Budget;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.image.ImageFile;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.Require;
import io.scalekv.metrics.Psnr;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelIdentity;
import io.scalekv.model.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import tools.jackson.databind.EnumNamingStrategies.KebabCaseStrategy;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.annotation.EnumNaming;

/**
 * Images of a manifest, drawn again and compared with their files. Each is drawn in the batch in
 * which it was drawn at first, so that the same machine gives the same bits.
 *
 * @param folder of the manifest
 * @param model that drew the images
 * @param drawing facts of the drawing
 * @param batch images drawn together
 * @param images in the order of the manifest
 */
public record Redraw(
    Path folder, ModelIdentity model, Drawing drawing, int batch, List<Listed> images) {
  /**
   * Cache setting of a manifest.
   *
   * @param budget null for the full cache
   * @param split budget of the unconditional branch, or null for the same
   */
  public record Cache(
      PolicySpec policy, Budget budget, Budget split, CacheType keys, CacheType values) {}

  /**
   * Listed image.
   *
   * @param file below the manifest's folder
   * @param prompt its text and seed
   * @param cache the setting it was drawn with
   */
  public record Listed(String file, Prompt prompt, Cache cache) {}

  /** Comparison of an image with its file. */
  @EnumNaming(KebabCaseStrategy.class)
  public enum Same {
    /** The files have the same bytes. */
    BYTES,
    /** The files differ, their pixels do not. */
    PIXELS,
    /** The pixels differ. */
    DIFFERENT,
    /** The listed file is not there. */
    MISSING
  }

  /**
   * Image that was drawn again.
   *
   * @param psnrDb PSNR in dB against the listed file where the pixels differ, else null
   */
  public record Drawn(
      String file, String policy, String prompt, long seed, Same same, Double psnrDb) {}

  /** Copies the list. */
  public Redraw {
    images = List.copyOf(images);
  }

  /**
   * Reads a manifest of {@link PolicyImages}.
   *
   * @throws IllegalArgumentException with one line that names place and value
   */
  public static Redraw read(Path file) throws IOException {
    JsonNode tree = Json.parse(Json.text(file), file.toString());
    FileKind.MANIFEST.check(tree, file.toString());
    JsonPlace root = JsonPlace.of(tree, file.toString());
    JsonPlace m = root.at("model");
    ModelIdentity model =
        new ModelIdentity(
            m.at("name").text(),
            m.at("family").text(),
            m.at("dtype").text(),
            m.at("weightsSha256").text());
    JsonPlace facts = root.at("drawing");
    List<Listed> images = new ArrayList<>();
    for (JsonPlace p : root.at("policies").elements()) {
      Cache cache =
          new Cache(
              p.at("policy").parse(PolicySpec::parse),
              p.find("budget").map(b -> b.parse(Budget::parse)).orElse(null),
              p.find("cfgBudgetSplit").map(b -> b.parse(Budget::parse)).orElse(null),
              p.at("keyType").parse(CacheType::parse),
              p.at("valueType").parse(CacheType::parse));
      for (JsonPlace i : p.at("images").elements()) {
        Prompt prompt =
            new Prompt(i.at("prompt").node().asString(), i.at("seed").whole(0, Long.MAX_VALUE));
        images.add(new Listed(i.at("file").parse(Redraw::below), prompt, cache));
      }
    }
    root.check(!images.isEmpty(), "a manifest that lists images");
    return new Redraw(
        file.toAbsolutePath().getParent(),
        model,
        facts.with(() -> Drawing.of(facts.texts())),
        root.at("batch").integer(1, 1_000_000),
        images);
  }

  /** Returns a file of a manifest, which must be in its folder or below. */
  private static String below(String file) {
    Path path = Path.of(file);
    boolean below = !path.isAbsolute() && path.normalize().equals(path) && !path.startsWith("..");
    Require.that(below, "must be below the manifest's folder, got %s", file);
    return file;
  }

  /**
   * Returns the places of files in the list; all for no file.
   *
   * @throws IllegalArgumentException for a file that is not listed
   */
  public List<Integer> places(List<String> files) {
    List<String> listed = images.stream().map(Listed::file).toList();
    for (String file : files) {
      Require.that(
          listed.contains(file),
          "--image must be a file of the manifest such as %s, got %s",
          listed.get(0),
          file);
    }
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < listed.size(); i++) {
      if (files.isEmpty() || files.contains(listed.get(i))) {
        places.add(i);
      }
    }
    return places;
  }

  /** Checks that a loaded model is that of the manifest. */
  public void check(ImageModel loaded) {
    ModelIdentity other = ModelIdentity.of(loaded);
    Require.that(
        other.equals(model), "model must be that of the manifest, %s, got %s", model, other);
  }

  /**
   * Draws images again.
   *
   * @param places of the images in the list
   * @param calibration of the policies, at a nominal budget
   * @param out folder that gets the images, or null
   * @param step receives the file of each image
   */
  public List<Drawn> draw(
      ImageModel loaded,
      List<Integer> places,
      IntFunction<PolicyCalibration> calibration,
      Path out,
      Consumer<String> step)
      throws IOException {
    check(loaded);
    List<Drawn> all = new ArrayList<>();
    for (int from = 0; from < images.size(); ) {
      int begin = from;
      Cache cache = images.get(begin).cache();
      int end = begin + 1;
      while (end < images.size() && end - begin < batch && images.get(end).cache().equals(cache)) {
        end++;
      }
      from = end;
      int next = end;
      List<Integer> wanted = places.stream().filter(i -> i >= begin && i < next).toList();
      if (wanted.isEmpty()) {
        continue;
      }
      List<RgbImage> drawn =
          loaded.draw(
              drawing,
              images.subList(begin, end).stream().map(Listed::prompt).toList(),
              settings(loaded.config(), cache, calibration),
              List.of(),
              GenerationListener.NONE);
      for (int i : wanted) {
        all.add(compared(images.get(i), drawn.get(i - begin), out));
        step.accept(images.get(i).file());
      }
    }
    return all;
  }

  private CacheSettings settings(
      ModelConfig config, Cache c, IntFunction<PolicyCalibration> calibration) {
    PolicyFactory factory =
        new PolicyFactory(
            drawing.schedule(),
            drawing.memory(config.geometry(), c.keys(), c.values(), batch),
            calibration,
            drawing.seed());
    return PolicyImages.Setting.of(factory, c.policy(), c.budget(), c.split()).cache();
  }

  private Drawn compared(Listed listed, RgbImage image, Path out) throws IOException {
    byte[] png = Png.encode(image);
    if (out != null) {
      Path target = out.resolve(listed.file());
      Files.createDirectories(target.getParent());
      AtomicFile.write(target, png);
    }
    Path file = folder.resolve(listed.file());
    Same same = Same.MISSING;
    Double psnr = null;
    if (Files.isRegularFile(file)) {
      RgbImage before = ImageFile.read(file).pixels();
      boolean sizes = before.width() == image.width() && before.height() == image.height();
      same =
          Arrays.equals(Files.readAllBytes(file), png)
              ? Same.BYTES
              : sizes && Arrays.equals(before.rgb(), image.rgb()) ? Same.PIXELS : Same.DIFFERENT;
      psnr = sizes && same == Same.DIFFERENT ? Double.valueOf(Psnr.db(before, image)) : null;
    }
    return new Drawn(
        listed.file(),
        listed.cache().policy().toString(),
        listed.prompt().text(),
        listed.prompt().seed(),
        same,
        psnr);
  }
}
