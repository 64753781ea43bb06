package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.sun.management.ThreadMXBean;
import io.scalekv.cli.Mutations.Form;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.experiment.ResultFixtures;
import io.scalekv.experiment.RunJson;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.folders.FolderScoring;
import io.scalekv.image.ImageFile;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.TinyCheckpoint;
import io.scalekv.model.text.T5Config;
import io.scalekv.model.text.T5Fixtures;
import io.scalekv.model.text.T5Tokenizer;
import io.scalekv.model.text.TextEmbeddingStore;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.HeatKvOrderFile;
import io.scalekv.roles.HeatKvOrders;
import io.scalekv.roles.ScaleKvBudgetFile;
import io.scalekv.scene.PromptFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Every reader of files, and a sound file for each, so that damaged copies can be tried: such a
 * file is either read or refused with one line, in memory of the order of its size.
 */
final class HostileFiles {
  /** Heap that reading may allocate beyond a multiple of the file's size. */
  private static final long BASE_BYTES = 16L << 20;

  /** Beyond {@link #BASE_BYTES}, as {@code docs/quality.md} promises. */
  private static final long BYTES_PER_BYTE = 512;

  private static final String MODULE = "pth module";

  /** Reads a folder that holds the file. */
  @FunctionalInterface
  interface Reader {
    void read(Path folder) throws Exception;
  }

  /**
   * A sound file.
   *
   * @param reader what reads it
   * @param name of the file
   * @param form what it is made of
   * @param bytes its content
   */
  record Sample(Reader reader, String name, Form form, byte[] bytes) {}

  /** What became of the inputs of one reader. */
  static final class Tally {
    int read;
    int refused;
  }

  private final Path folder;
  private final Map<String, Sample> samples = new LinkedHashMap<>();

  private HostileFiles(Path folder) {
    this.folder = folder;
  }

  /** All readers; sound files are made in the folder. */
  static HostileFiles in(Path folder) throws IOException {
    HostileFiles all = new HostileFiles(folder);
    all.weights();
    all.documents();
    all.traces();
    return all;
  }

  List<String> names() {
    return List.copyOf(samples.keySet());
  }

  Sample sample(String name) {
    return samples.get(name);
  }

  private void weights() throws IOException {
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("a.weight", TensorData.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    tensors.put("b", TensorData.of(new float[] {7}));
    tensors.put("c", TensorData.of(new float[] {0.5f, -0.5f}, 2));
    Path torch = folder.resolve("w.pth");
    TinyCheckpoint.torch(torch, tensors, StoredType.BF16);
    add("pth", HostileFiles::weights, "w", Form.TORCH, Files.readAllBytes(torch));
    for (String saved : List.of("slim", "training", "protocol4", "module")) {
      add(
          "pth " + saved,
          HostileFiles::weights,
          "w",
          Form.TORCH,
          resource("/io/scalekv/weights/torch-" + saved + ".pth"));
    }
    // the magic number, version and machine of an old file stand before its pickle: any bytes
    Map<String, Form> golden = new LinkedHashMap<>();
    List.of("attributes", "trainer-gpt_fsdp", "deflated", "big-endian", "rare-values", "float8")
        .forEach(name -> golden.put(name, Form.TORCH));
    List.of("legacy", "legacy-views").forEach(name -> golden.put(name, Form.BYTES));
    for (Map.Entry<String, Form> e : golden.entrySet()) {
      byte[] bytes = resource("/io/scalekv/parity/pth/" + e.getKey() + ".pth");
      add("pth " + e.getKey(), HostileFiles::weights, "w", e.getValue(), bytes);
    }
    Path safe = folder.resolve("w.safetensors");
    SafetensorsWriter.writeData(
        safe, new LinkedHashMap<>(tensors), StoredType.F32, Map.of("k", "v"));
    add("safetensors", HostileFiles::weights, "w", Form.SAFETENSORS, Files.readAllBytes(safe));
    Files.copy(safe, folder.resolve("model-1.safetensors"));
    add(
        "index of shards",
        d -> weights(d.resolve("model.safetensors.index.json")),
        "model.safetensors.index.json",
        Form.JSON,
        utf8(
            """
            {"metadata": {"total_size": 36}, "weight_map": {"a.weight": "model-1.safetensors",
             "b": "model-1.safetensors", "c": "model-1.safetensors"}}
            """));
    TextEmbeddingStore store = TextEmbeddingStore.open(folder.resolve("features"), 4);
    store.put("a red circle", new float[8]);
    store.put("two", new float[4]);
    store.save();
    add(
        "text embeddings",
        d -> features(d.resolve("features")),
        "features",
        Form.SAFETENSORS,
        Files.readAllBytes(folder.resolve("features")));
    T5Fixtures.writeJson(folder.resolve("json"));
    add(
        "tokenizer.json",
        T5Tokenizer::open,
        "tokenizer.json",
        Form.JSON,
        Files.readAllBytes(folder.resolve("json").resolve("tokenizer.json")));
  }

  private void documents() throws IOException {
    Calibration roles = CalibrationFile.shipped("pocket").orElseThrow();
    roles = roles.only(List.of("roles", "heatkv", "ams-kv", "hack"));
    add("config.json", d -> ModelCatalog.read(d.resolve("c")), "c", Form.JSON, utf8(pocket()));
    add(
        "T5 config",
        d -> T5Config.read(d.resolve("c")),
        "c",
        Form.JSON,
        utf8(T5Fixtures.config(8)));
    CalibrationFile.write(roles, folder.resolve("r"));
    add(
        "roles.json",
        d -> CalibrationFile.read(d.resolve("r")),
        "r",
        Form.JSON,
        Files.readAllBytes(folder.resolve("r")));
    add(
        "ScaleKV budgets",
        d -> ScaleKvBudgetFile.read(d.resolve("b")),
        "b",
        Form.JSON,
        utf8(budgets()));
    CalibratedModel two = new CalibratedModel("m", "unknown", 2, 2, roles.model().schedule());
    int k = two.scales();
    int[][] orders =
        IntStream.range(0, k - 4).mapToObj(i -> new int[] {3, 1, 0, 2}).toArray(int[][]::new);
    HeatKvOrders heat = new HeatKvOrders(3, k, 2, 2, orders);
    Reader order = d -> HeatKvOrderFile.read(d.resolve("o"), two, OptionalInt.empty());
    add("HeatKV orders", order, "o", Form.JSON, utf8(HeatKvOrderFile.bareText(heat)));
    add(
        "HeatKV orders with metadata",
        order,
        "o",
        Form.JSON,
        utf8(HeatKvOrderFile.textWithMetadata(heat, two)));
    RunJson.write(ResultFixtures.result("scalekv", "10%", 27, 24.7), folder.resolve("run"));
    add(
        "run",
        d -> RunJson.read(d.resolve("run")),
        "run",
        Form.JSON,
        Files.readAllBytes(folder.resolve("run")));
    add(
        "experiment.json",
        ExperimentFile::read,
        ExperimentFile.NAME,
        Form.JSON,
        Files.readAllBytes(
            Path.of("src/test/resources/io/scalekv/experiment/table1", ExperimentFile.NAME)));
    for (String yaml : List.of("table1", "fig6b", "fig7b", "table3")) {
      add(
          "experiment " + yaml,
          d -> ExperimentSpec.read(d.resolve("e.yaml")),
          "e.yaml",
          Form.YAML,
          Files.readAllBytes(Path.of("experiments", yaml + ".yaml")));
    }
    add(
        "prompts",
        d -> PromptFile.read(d.resolve("p.txt")),
        "p.txt",
        Form.LINES,
        Files.readAllBytes(Path.of("calibration-prompts", "scenes-10.txt")));
    int[] pixels = new SplittableRandom(1).ints(12 * 9, 0, 1 << 24).toArray();
    add(
        "PNG",
        d -> Png.read(d.resolve("i.png")),
        "i.png",
        Form.PNG,
        Png.encode(RgbImage.ofPacked(12, 9, pixels)));
    for (String name :
        List.of("rgb-420.jpg", "cmyk.jpg", "exif-rotated.jpg", "alpha.webp", "rgb.bmp")) {
      byte[] image = Files.readAllBytes(Path.of("src/test/resources/io/scalekv/image/odd", name));
      add("image " + name, d -> ImageFile.read(d.resolve(name)), name, Form.BYTES, image);
    }
    scored();
  }

  /** The manifest of a scoring. */
  private void scored() throws IOException {
    Path images = folder.resolve("scored");
    for (int i = 0; i < 10; i++) {
      byte[] rgb = new byte[3 * 16 * 16];
      new Random(i).nextBytes(rgb);
      Png.write(RgbImage.of(16, 16, rgb), images.resolve("00000" + i + ".png"));
    }
    add(
        "prompts.jsonl",
        d -> score(images, d.resolve("p.jsonl")),
        "p.jsonl",
        Form.JSON,
        utf8("{\"index\": 1, \"seed\": 3, \"prompt\": \"a\"}\n{\"index\": 2, \"prompt\": \"b\"}"));
  }

  private static void score(Path images, Path prompts) throws IOException {
    FolderScoring.run(
        new FolderScoring.Request(
            images,
            List.of(images),
            null,
            null,
            prompts,
            List.of("psnr"),
            UserNets.NONE,
            ImageFile.Options.PILLOW,
            false,
            0,
            1),
        null,
        RunListener.NONE);
  }

  /** A recording whose manifest or whose prompt is damaged. */
  private void traces() throws IOException {
    String golden = "/io/scalekv/parity/trace-var-tiny/";
    List<String> names =
        List.of("trace.json", "prompt-00000.safetensors", "prompt-00001.safetensors");
    for (int damaged = 0; damaged < 2; damaged++) {
      String own = "trace" + damaged;
      Files.createDirectory(folder.resolve(own));
      for (String name : names) {
        Files.write(folder.resolve(own).resolve(name), resource(golden + name));
      }
      add(
          names.get(damaged) + " of a recording",
          d -> trace(d.resolve(own)),
          own + "/" + names.get(damaged),
          damaged == 0 ? Form.JSON : Form.SAFETENSORS,
          resource(golden + names.get(damaged)));
    }
  }

  private static void trace(Path place) throws IOException {
    RecordedAttention.open(place).replay(new int[] {0}, 1, some -> List.of(), done -> {});
  }

  private void add(String what, Reader reader, String name, Form form, byte[] bytes) {
    samples.put(what, new Sample(reader, name, form, bytes));
  }

  /** Opens weights and reads every tensor. */
  private static void weights(Path place) {
    Path file = Files.isDirectory(place) ? place.resolve("w") : place;
    try (TensorSource source = TensorSource.open(file)) {
      for (String name : source.names()) {
        if (source.info(name).type().isFloating()) {
          source.doubles(name);
        } else {
          source.longs(name);
        }
      }
    }
  }

  private static void features(Path file) {
    TextEmbeddingStore store = TextEmbeddingStore.open(file, 4);
    List<String> texts = List.of("a red circle", "two");
    if (store.missing(texts).isEmpty()) {
      try (NDManager scope = NDManager.newBaseManager()) {
        store.embeddings(scope, texts);
      }
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = HostileFiles.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String pocket() {
    return ModelCatalog.config("pocket").json();
  }

  private static String budgets() {
    return """
    {"Scale 6": {"Block 0": 1, "Block 1": 0, "Block 2": 0, "High": 1, "Max": 40, "Min": 20,
      "Limit": 57},
     "Scale 7": {"Block 0": 1, "Block 1": 0, "Block 2": 0, "High": 1, "Max": 60, "Min": 10,
      "Limit": 90}}
    """;
  }

  /**
   * Tries damaged copies of one reader's file.
   *
   * @param what name of the reader
   * @param inputs how many
   * @param seed of the damage
   */
  Tally attack(String what, int inputs, long seed) throws IOException {
    Sample sample = samples.get(what);
    Path file = folder.resolve(sample.name());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    SplittableRandom random = new SplittableRandom(seed ^ what.hashCode());
    Tally tally = new Tally();
    Files.write(file, sample.bytes());
    readSound(what, sample);
    for (int i = 0; i < inputs; i++) {
      byte[] damaged = Mutations.damaged(sample.bytes(), sample.form(), random);
      Files.write(file, damaged);
      String where = what + ", input " + i + " of seed " + seed;
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        sample.reader().read(folder);
        tally.read++;
      } catch (Exception | Error e) {
        tally.refused++;
        check(e, where);
      }
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertTrue(
          allocated < BASE_BYTES + BYTES_PER_BYTE * damaged.length,
          () -> where + ": allocated " + allocated + " for " + damaged.length + " bytes");
    }
    Files.delete(file);
    return tally;
  }

  /** Whole files are read, but for a pickled module, which is refused by the name of its class. */
  private void readSound(String what, Sample sample) {
    try {
      sample.reader().read(folder);
      assertFalse(what.equals(MODULE), what);
    } catch (Exception e) {
      assertTrue(what.equals(MODULE), () -> what + ": " + e.getMessage());
    }
  }

  /** One line that is no surprise. */
  private static void check(Throwable error, String where) {
    Failure failure = Failure.of(error);
    if (failure.message().startsWith("unexpected ") || error instanceof Error) {
      throw new AssertionError(where + ": " + failure.message(), error);
    }
    assertFalse(failure.message().isBlank(), where);
    assertTrue(
        failure.message().lines().count() == 1 && failure.message().length() < 2000,
        () -> where + ": one short line expected, got " + failure.message());
  }
}
