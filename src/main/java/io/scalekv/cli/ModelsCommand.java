package io.scalekv.cli;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Psnr;
import io.scalekv.model.CheckpointFolder;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.scene.HeldOut;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.SceneRenderer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What models there are, and whether their weights are sound. */
@Command(
    name = "models",
    description = "List the models: what is there, what is missing, where to put it.")
final class ModelsCommand implements Callable<Integer> {
  /** One model. */
  record Entry(
      String name,
      String status,
      int layers,
      int width,
      int heads,
      int tokenBits,
      String note,
      String weights,
      Long transformerParameters,
      Long tokenizerParameters,
      Double tokenizerPsnrDb) {}

  private static final int SCENES = 256;
  private static final int BATCH = 32;

  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Option(
      names = "--verify",
      arity = "0..1",
      fallbackValue = "",
      paramLabel = "DIR",
      description =
          "Load the shipped models, or the one in DIR, checking every name and shape; prints the"
              + " hash of the weights. Published checkpoints in DIR are checked without loading.")
  private String verify;

  @Override
  public Integer call() {
    List<Entry> entries = new ArrayList<>();
    if (verify == null) {
      for (ModelConfig c : ModelCatalog.shipped()) {
        entries.add(entry(c, "ready", "comes with the project"));
      }
      for (ModelConfig c : published()) {
        entries.add(
            entry(
                c,
                "needs --weights DIR",
                "DIR holds " + c.files().usual() + "; --random-weights SEED runs its geometry"));
      }
    } else if (verify.isEmpty()) {
      for (ModelConfig c : ModelCatalog.shipped()) {
        entries.add(verified(c, new ModelSource.Shipped(), "shipped"));
      }
    } else {
      Path folder = Path.of(verify);
      if (Files.isRegularFile(folder.resolve("config.json"))) {
        entries.add(
            verified(
                ModelCatalog.read(folder.resolve("config.json")),
                new ModelSource.Folder(folder),
                folder.toString()));
      } else {
        entries.addAll(published(folder));
      }
    }
    json.print(
        spec.commandLine().getOut(),
        entries,
        list -> list.stream().map(ModelsCommand::text).collect(Collectors.joining("\n")));
    return 0;
  }

  /** The published models of which a folder holds a part; both are named if it holds none. */
  private List<Entry> published(Path folder) {
    List<ModelConfig> all = published();
    List<ModelConfig> there = all.stream().filter(c -> c.files().anyIn(folder)).toList();
    if (there.isEmpty()) {
      throw new IllegalArgumentException(
          folder
              + ": a config.json, or "
              + all.stream()
                  .map(c -> c.files().usual() + " (" + c.name() + ")")
                  .collect(Collectors.joining(", or "))
              + " expected, got "
              + (Files.isDirectory(folder) ? "none of them" : "no folder"));
    }
    List<Entry> entries = new ArrayList<>();
    for (ModelConfig c : there) {
      CheckpointFolder files = CheckpointFolder.find(folder, c, true);
      try (LoadProgress progress = new LoadProgress(false, spec.commandLine().getErr())) {
        CheckpointFolder.Verified v = files.verify(c, progress);
        entries.add(
            new Entry(
                c.name(),
                "verified",
                c.geometry().layers(),
                c.geometry().width(),
                c.geometry().heads(),
                c.tokenBits(),
                String.format(
                    Locale.ROOT,
                    "%s, %s, text encoder %s with %,d parameters",
                    files.transformer(),
                    files.tokenizer(),
                    files.text(),
                    v.textParameters()),
                v.hash(),
                v.transformerParameters(),
                v.tokenizerParameters(),
                null));
      }
    }
    return entries;
  }

  private static List<ModelConfig> published() {
    return ModelCatalog.models().stream().filter(ModelConfig::published).toList();
  }

  private static Entry entry(ModelConfig c, String status, String note) {
    return new Entry(
        c.name(),
        status,
        c.geometry().layers(),
        c.geometry().width(),
        c.geometry().heads(),
        c.tokenBits(),
        note,
        null,
        null,
        null,
        null);
  }

  private static Entry verified(ModelConfig c, ModelSource source, String where) {
    try (ImageModel model = ImageModel.open(c, source, false)) {
      return new Entry(
          c.name(),
          "verified",
          c.geometry().layers(),
          c.geometry().width(),
          c.geometry().heads(),
          c.tokenBits(),
          where,
          model.weightHash(),
          model.transformerParameters(),
          model.tokenizerParameters(),
          psnrDb(model));
    }
  }

  /** Mean PSNR of the tokenizer on rendered held-out scenes, for models that draw scenes. */
  private static Double psnrDb(ImageModel model) {
    if (!model.config().drawsScenes()) {
      return null;
    }
    ScaleSchedule schedule = model.config().schedule(Optional.empty(), 1);
    SplittableRandom jitter = new SplittableRandom(0);
    List<String> captions = HeldOut.captions().stream().sorted().toList();
    double sum = 0;
    for (int at = 0; at < SCENES; at += BATCH) {
      List<RgbImage> scenes =
          IntStream.range(at, at + BATCH)
              .mapToObj(i -> captions.get(i * captions.size() / SCENES))
              .map(c -> render(c, jitter, model.config().pixels(schedule)[0]))
              .toList();
      List<RgbImage> again = model.reconstruct(scenes, schedule);
      for (int i = 0; i < BATCH; i++) {
        sum += Psnr.db(scenes.get(i), again.get(i));
      }
    }
    return Math.round(sum / SCENES * 100) / 100.0;
  }

  private static RgbImage render(String caption, SplittableRandom jitter, int side) {
    return SceneRenderer.render(SceneGrammar.parse(caption), jitter, side);
  }

  private static String text(Entry e) {
    String line =
        String.format(
            Locale.ROOT,
            "%-12s %-20s %d layers, width %d, %d heads, %d bits a token; %s",
            e.name(),
            e.status(),
            e.layers(),
            e.width(),
            e.heads(),
            e.tokenBits(),
            e.note());
    return e.weights() == null
        ? line
        : line
            + String.format(
                Locale.ROOT,
                "%n%-12s %s, %,d + %,d parameters (transformer, tokenizer)%s",
                "",
                e.weights(),
                e.transformerParameters(),
                e.tokenizerParameters(),
                e.tokenizerPsnrDb() == null
                    ? ""
                    : String.format(
                        Locale.ROOT,
                        "%n%-12s tokenizer: %.2f dB PSNR on %d rendered held-out scenes",
                        "",
                        e.tokenizerPsnrDb(),
                        SCENES));
  }
}
