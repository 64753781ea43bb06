package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.CacheUsage;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.image.ContactSheet;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Software;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Psnr;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelIdentity;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.scene.Faithfulness;
import io.scalekv.scene.FaithfulnessRate;
import io.scalekv.scene.FaithfulnessTally;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.Segmenter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * Images of the same prompts and seeds under one or more cache settings, with PSNR against the
 * first setting and the memory of each.
 */
public final class PolicyImages {
  private static final int COMPARED = 8;
  private static final int ZOOM = 2;

  /**
   * Cache setting.
   *
   * @param policy policy with its settings, as typed
   * @param budget budget as typed; null for the full cache
   * @param cfgBudgetSplit budget of the unconditional branch as typed, or null for the same
   * @param budgetTokens nominal budget in mean tokens per layer and head; null for the full cache
   * @param cache settings of the generation
   */
  public record Setting(
      String policy,
      String budget,
      String cfgBudgetSplit,
      Integer budgetTokens,
      CacheSettings cache) {
    /**
     * Returns the setting of a policy, in the number formats of the factory's memory.
     *
     * @param budget ignored by the full cache
     * @param split budget of the unconditional branch, or null for the same
     */
    public static Setting of(
        PolicyFactory factory, PolicySpec policy, Budget budget, Budget split) {
      CacheType keys = factory.memory().keys();
      CacheType values = factory.memory().values();
      if (policy.name().equals("full")) {
        CachePolicy full = factory.create(policy, factory.schedule().historyTokens());
        return new Setting(
            policy.toString(), null, null, null, new CacheSettings(full, null, keys, values));
      }
      CachePolicy other = null;
      int tokens;
      if (split == null || factory.memory().branches() == 1) {
        tokens = factory.tokens(policy, budget);
      } else {
        PolicyFactory one = factory.ofOneBranch();
        other = one.create(policy, one.tokens(policy, split));
        tokens = factory.tokens(policy, budget, other);
      }
      return new Setting(
          policy.toString(),
          budget.toString(),
          other == null ? null : split.toString(),
          tokens,
          new CacheSettings(factory.create(policy, tokens), other, keys, values));
    }
  }

  /**
   * Images to draw.
   *
   * @param prompts texts; each is drawn with every seed of the drawing
   * @param batch images drawn together, at most all
   * @param settings cache settings, the reference first
   * @param judge whether images are read back and compared with their captions
   * @param sheetColumns columns of a contact sheet, or null for none
   */
  public record Request(
      Drawing drawing,
      PromptSet prompts,
      int batch,
      List<Setting> settings,
      boolean judge,
      Integer sheetColumns) {
    /** Returns the number of images of one setting. */
    public int images() {
      return prompts.prompts().size() * drawing.seeds();
    }
  }

  /**
   * Image file of a prompt and a seed.
   *
   * @param id of the prompt in its file; left out where it states none
   * @param psnrDb PSNR in dB against the reference, null for itself
   */
  public record Image(
      String file,
      @JsonInclude(JsonInclude.Include.NON_NULL) String id,
      String prompt,
      long seed,
      Double psnrDb) {}

  /**
   * Result of one cache setting; bytes are those of a batch.
   *
   * @param kvBytes most stored bytes between two scales
   * @param peakKvBytes most stored bytes after any layer's write
   * @param fullKvBytes stored bytes of the full cache
   * @param psnrDb against the reference; null for the reference and without images
   * @param psnrOfMeanMseDb {@link Psnr#OF_MEAN_MSE} of all images; null where psnrDb is
   * @param faithfulness share of right answers by kind; null where not asked for
   * @param scales cost of each scale; null with images
   * @param images image files; empty without images
   */
  public record Outcome(
      String policy,
      String budget,
      @JsonInclude(JsonInclude.Include.NON_NULL) String cfgBudgetSplit,
      Integer budgetTokens,
      String keyType,
      String valueType,
      double tokensBetweenScales,
      double peakTokens,
      long kvBytes,
      long peakKvBytes,
      long fullKvBytes,
      Interval psnrDb,
      Double psnrOfMeanMseDb,
      Map<String, Double> faithfulness,
      List<MapMeter.Cost> scales,
      Double wallSeconds,
      List<Image> images) {}

  /**
   * Manifest of a folder of images; seed and prompt of an image redraw it.
   *
   * @param drawing facts of the drawing
   * @param batch images drawn together
   * @param cutPrompts tokens of prompts that the model reads the beginning of alone; left out if
   *     there are none
   */
  public record Manifest(
      ModelIdentity model,
      Software software,
      SortedMap<String, String> drawing,
      int batch,
      int pixelHeight,
      int pixelWidth,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Integer> cutPrompts,
      List<Outcome> policies) {
    /** Writes {@code manifest.json}. */
    public void write(Path folder) throws IOException {
      AtomicFile.write(
          folder.resolve(MANIFEST), (Json.pretty(this) + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Name of the file beside the images that says how they were drawn. */
  public static final String MANIFEST = "manifest.json";

  private static final String CONTACT_SHEET = "contact-sheet.png";
  private static final String COMPARISON = "compare.png";

  private final ImageModel model;
  private final Request request;
  private final List<Prompt> prompts;
  private final Consumer<String> step;

  /**
   * Prepares the drawing.
   *
   * @param step receives the name of each image, or batch, when it is drawn
   */
  public PolicyImages(ImageModel model, Request request, Consumer<String> step) {
    this.model = model;
    this.request = request;
    this.prompts = request.drawing().images(request.prompts().prompts());
    this.step = step;
  }

  /** Returns the names of the settings in files: the policy, made unique by a number. */
  private List<String> names() {
    List<String> names = new ArrayList<>();
    for (Setting s : request.settings()) {
      String plain = s.policy().replaceAll("[^A-Za-z0-9]+", "-");
      String name = plain;
      for (int i = 2; names.contains(name); i++) {
        name = plain + "-" + i;
      }
      names.add(name);
    }
    return names;
  }

  /**
   * Returns the manifest of outcomes.
   *
   * @param outcomes of {@link #images} or {@link #codes}
   */
  public Manifest manifest(List<Outcome> outcomes) {
    int[] pixels = model.config().pixels(request.drawing().schedule());
    return new Manifest(
        ModelIdentity.of(model),
        Software.current(),
        request.drawing().provenance(),
        request.batch(),
        pixels[0],
        pixels[1],
        model.cutTexts(request.prompts().prompts()),
        outcomes);
  }

  /**
   * Returns whether a file is an overview that {@link #images} wrote, not an image of a prompt:
   * named as one, with a manifest beside it or a folder above.
   */
  public static boolean isOverview(Path file) {
    String name = file.getFileName().toString();
    return (name.equals(CONTACT_SHEET) || name.equals(COMPARISON))
        && (Files.exists(file.resolveSibling(MANIFEST))
            || Files.exists(file.resolveSibling("..").resolve(MANIFEST)));
  }

  /**
   * Draws and writes the images: into the folder itself for one setting, else into a folder a
   * setting and, side by side, {@code compare.png}.
   *
   * @param out existing folder
   */
  public List<Outcome> images(Path out) throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    List<List<RgbImage>> drawn = new ArrayList<>();
    List<String> names = names();
    boolean single = names.size() == 1;
    for (int i = 0; i < names.size(); i++) {
      Setting setting = request.settings().get(i);
      String prefix = single ? "" : names.get(i) + "/";
      Files.createDirectories(out.resolve(prefix));
      List<RgbImage> images = new ArrayList<>();
      FaithfulnessTally tally = FaithfulnessTally.create();
      List<Image> files = new ArrayList<>();
      for (List<Prompt> batch : batches()) {
        for (RgbImage image :
            model.draw(
                request.drawing(), batch, setting.cache(), List.of(), GenerationListener.NONE)) {
          Prompt prompt = prompts.get(images.size());
          String file = prefix + fileName(images.size());
          Png.write(image, out.resolve(file));
          Double psnr = i == 0 ? null : Psnr.db(drawn.get(0).get(images.size()), image);
          String id = request.prompts().ids().get(images.size() / request.drawing().seeds());
          files.add(new Image(file, id, prompt.text(), prompt.seed(), psnr));
          if (request.judge()) {
            tally.accept(
                Faithfulness.of(
                    SceneGrammar.parse(model.config().caption(prompt.text())),
                    Segmenter.read(image)));
          }
          images.add(image);
          step.accept(file);
        }
      }
      if (request.sheetColumns() != null) {
        List<String> labels = prompts.stream().map(p -> model.config().caption(p.text())).toList();
        Png.write(
            ContactSheet.of(images, labels, request.sheetColumns(), ZOOM),
            out.resolve(prefix + CONTACT_SHEET));
      }
      drawn.add(images);
      outcomes.add(outcome(setting, files, request.judge() ? rates(tally) : null, null, null));
    }
    if (!single) {
      compare(drawn, names, outcomes, out.resolve(COMPARISON));
    }
    return outcomes;
  }

  /** Draws the token codes alone and measures the cost of each scale. */
  public List<Outcome> codes() {
    List<Outcome> outcomes = new ArrayList<>();
    for (Setting setting : request.settings()) {
      MapMeter meter = new MapMeter(model.config(), request.drawing().schedule());
      long begin = System.nanoTime();
      for (List<Prompt> batch : batches()) {
        boolean whole = batch.size() == request.batch();
        model.drawCodes(
            request.drawing(),
            batch,
            setting.cache(),
            List.of(),
            whole ? meter : GenerationListener.NONE);
        batch.forEach(p -> step.accept(setting.policy()));
      }
      double seconds = Math.round((System.nanoTime() - begin) / 1e7) / 100.0;
      outcomes.add(outcome(setting, List.of(), null, meter.maps(), seconds));
    }
    return outcomes;
  }

  private List<List<Prompt>> batches() {
    List<List<Prompt>> batches = new ArrayList<>();
    for (int at = 0; at < prompts.size(); at += request.batch()) {
      batches.add(prompts.subList(at, Math.min(prompts.size(), at + request.batch())));
    }
    return batches;
  }

  private String fileName(int image) {
    int seeds = request.drawing().seeds();
    return Run.Prompts.file(image / seeds, prompts.get(image).seed());
  }

  private Outcome outcome(
      Setting s,
      List<Image> files,
      Map<String, Double> faithfulness,
      List<MapMeter.Cost> scales,
      Double seconds) {
    boolean guided = request.drawing().sampling().guided();
    MemoryModel memory =
        request
            .drawing()
            .memory(model.geometry(), s.cache().keys(), s.cache().values(), request.batch());
    CacheUsage usage = memory.usage(s.cache().plans(guided));
    double[] db =
        files.stream().filter(f -> f.psnrDb() != null).mapToDouble(Image::psnrDb).toArray();
    return new Outcome(
        s.policy(),
        s.budget(),
        s.cfgBudgetSplit(),
        s.budgetTokens(),
        s.cache().keys().toString(),
        s.cache().values().toString(),
        usage.tokensBetweenScales(),
        usage.peakTokens(),
        usage.kvBytes(),
        usage.peakKvBytes(),
        memory.fullBytes(request.drawing().schedule()),
        db.length == 0 ? null : Bootstrap.withSeed(0).mean(db),
        db.length == 0 ? null : Double.valueOf(Psnr.ofMeanError(db)),
        faithfulness,
        scales,
        seconds,
        files);
  }

  private static Map<String, Double> rates(FaithfulnessTally tally) {
    Map<String, Double> rates = new LinkedHashMap<>();
    for (FaithfulnessRate rate : FaithfulnessRate.values()) {
      if (tally.cases(rate) > 0) {
        rates.put(rate.key(), Math.round(tally.rate(rate) * 1e4) / 1e4);
      }
    }
    return rates;
  }

  /** Writes the first images, one row each, under all settings, with peak cache and PSNR. */
  private static void compare(
      List<List<RgbImage>> drawn, List<String> names, List<Outcome> outcomes, Path file)
      throws IOException {
    List<RgbImage> images = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < Math.min(COMPARED, drawn.get(0).size()); i++) {
      for (int s = 0; s < names.size(); s++) {
        Outcome o = outcomes.get(s);
        Double db = o.images().get(i).psnrDb();
        images.add(drawn.get(s).get(i));
        String psnr = db == null ? "" : String.format(Locale.ROOT, ", %.1f dB", db);
        double mib = o.peakKvBytes() / (double) (1 << 20);
        labels.add(names.get(s) + String.format(Locale.ROOT, ", %.1f MiB", mib) + psnr);
      }
    }
    Png.write(ContactSheet.of(images, labels, names.size(), ZOOM), file);
  }
}
