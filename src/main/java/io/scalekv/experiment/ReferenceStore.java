package io.scalekv.experiment;

import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.ReferenceFeatures;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.ImageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Store of the images of the full cache, drawn once and shared by all runs: {@code reference/ID/}
 * with one PNG and one file of packed token bits per image, and {@value #MANIFEST} when all are
 * there. An image's two files are written whole, the PNG last. A batch that lacks an image is drawn
 * again as a whole, so that every image comes from the same batch, whenever a run was stopped.
 */
final class ReferenceStore {
  /** Name of the list of files with their hashes. */
  static final String MANIFEST = "manifest.json";

  /** One image of the manifest. */
  record Entry(String file, int prompt, long seed, String pngSha256, String bitsSha256) {}

  /**
   * The manifest.
   *
   * @param id of the key
   * @param key what determines the images
   * @param images in the order of prompts, then seeds
   */
  record Manifest(String id, ReferenceKey key, List<Entry> images) {
    /** Copies the list. */
    Manifest {
      Require.that(id != null && key != null && images != null, "missing id, key or images");
      images = List.copyOf(images);
    }
  }

  private final Path root;
  private final ImageModel model;
  private final Map<String, References> ready = new HashMap<>();

  /**
   * @param root the folder {@code reference}
   */
  ReferenceStore(Path root, ImageModel model) {
    this.root = root;
    this.model = model;
  }

  /** The references of a run; those that are missing are drawn. */
  References get(Run run, List<String> prompts, RunListener listener) throws IOException {
    ReferenceKey key = run.reference();
    References known = ready.get(key.id());
    if (known == null) {
      Path folder = root.resolve(key.id());
      draw(key, folder, prompts, listener);
      int[] bits =
          run.generation().maps().maps().stream()
              .mapToInt(m -> m.tokens() * model.config().tokenBits())
              .toArray();
      known = new References(folder, key.prompts(), bits);
      ready.put(key.id(), known);
    }
    return known;
  }

  /** Draws one batch of a run's references, if it is not there. */
  void draw(Run run, List<String> prompts, int batch) throws IOException {
    ReferenceKey key = run.reference();
    Path folder = root.resolve(key.id());
    int from = batch * key.generation().batch();
    int to = Math.min(key.prompts().images(), from + key.generation().batch());
    if (!complete(folder, key.prompts(), from, to)) {
      draw(key, folder, prompts, from, to);
    }
  }

  private void draw(ReferenceKey key, Path folder, List<String> prompts, RunListener listener)
      throws IOException {
    removeDamaged(key, folder);
    Path manifest = folder.resolve(MANIFEST);
    if (Files.exists(manifest)) {
      return;
    }
    int images = key.prompts().images();
    int batch = key.generation().batch();
    int batches = (images + batch - 1) / batch;
    int first = begin(folder, batches);
    for (int b = 0; b < batches; b++) {
      int at = (first + b) % batches * batch;
      int end = Math.min(images, at + batch);
      if (!complete(folder, key.prompts(), at, end)) {
        draw(key, folder, prompts, at, end);
      }
      listener.step("images %d to %d of %d".formatted(at + 1, end, images));
    }
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      String name = References.name(key.prompts(), i);
      entries.add(
          new Entry(
              name,
              key.prompts().promptOf(i),
              key.prompts().seedOf(i),
              Sha256.of(folder.resolve(name + ".png")),
              Sha256.of(folder.resolve(name + ".bits"))));
    }
    CanonicalJson.write(manifest, new Manifest(key.id(), key, entries));
  }

  /**
   * The first batch to draw. Where others have begun already, each process begins elsewhere, so
   * that several that share a folder draw different batches until they meet.
   */
  private static int begin(Path folder, int batches) {
    return Files.isDirectory(folder) ? (int) (ProcessHandle.current().pid() % batches) : 0;
  }

  private static boolean complete(Path folder, Run.Prompts prompts, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!Files.isRegularFile(folder.resolve(References.name(prompts, i) + ".png"))) {
        return false;
      }
    }
    return true;
  }

  private void draw(ReferenceKey key, Path folder, List<String> prompts, int from, int to)
      throws IOException {
    BitRecorder recorder = new BitRecorder();
    List<RgbImage> images =
        model.draw(
            key.generation().drawing(key.prompts().firstSeed()),
            key.prompts().images(prompts, from, to, 0),
            model.fullCache(key.generation().maps()),
            List.of(),
            recorder);
    for (int i = from; i < to; i++) {
      String name = References.name(key.prompts(), i);
      byte[] bits = new TokenBits(recorder.images().get(i - from)).pack();
      AtomicFile.write(folder.resolve(name + ".bits"), bits);
      AtomicFile.write(folder.resolve(name + ".png"), Png.encode(images.get(i - from)));
    }
  }

  /** Where a file is not what the manifest says, both go, to be drawn again. */
  private static void removeDamaged(ReferenceKey key, Path folder) throws IOException {
    Path file = folder.resolve(MANIFEST);
    if (!Files.isRegularFile(file)) {
      return;
    }
    Manifest manifest =
        Json.bindOptional(
            Json.parse(Json.text(file), file.toString()), Manifest.class, file.toString());
    if (!manifest.key().equals(key)) {
      throw new IllegalArgumentException(
          file + ": must be of the images of " + key.id() + ", got " + manifest.id());
    }
    boolean sound = true;
    for (Entry e : manifest.images()) {
      Path png = folder.resolve(e.file() + ".png");
      Path bits = folder.resolve(e.file() + ".bits");
      if (!hasHash(png, e.pngSha256()) || !hasHash(bits, e.bitsSha256())) {
        sound = false;
        Files.deleteIfExists(png);
        Files.deleteIfExists(bits);
      }
    }
    if (!sound) {
      Files.delete(file);
    }
  }

  private static boolean hasHash(Path file, String sha256) throws IOException {
    return Files.isRegularFile(file) && Sha256.of(file).equals(sha256);
  }

  /** The references of one key. */
  static final class References {
    private final Path folder;
    private final Run.Prompts prompts;
    private final int[] bits;
    private final ReferenceFeatures features = new ReferenceFeatures();

    private References(Path folder, Run.Prompts prompts, int[] bits) {
      this.folder = folder;
      this.prompts = prompts;
      this.bits = bits;
    }

    private static String name(Run.Prompts prompts, int image) {
      String file = Run.Prompts.file(prompts.promptOf(image), prompts.seedOf(image));
      return file.substring(0, file.lastIndexOf('.'));
    }

    List<RgbImage> images(int from, int to) throws IOException {
      List<RgbImage> images = new ArrayList<>();
      for (int i = from; i < to; i++) {
        images.add(Png.read(folder.resolve(name(prompts, i) + ".png")));
      }
      return images;
    }

    TokenBits bits(int image) throws IOException {
      Path file = folder.resolve(name(prompts, image) + ".bits");
      return TokenBits.unpack(Files.readAllBytes(file), bits, file.toString());
    }

    /** Features of these references, shared by all runs. */
    ReferenceFeatures features() {
      return features;
    }
  }
}
