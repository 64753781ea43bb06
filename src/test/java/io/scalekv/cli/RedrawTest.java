package io.scalekv.cli;

import static java.awt.image.BufferedImage.TYPE_4BYTE_ABGR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.model.Drawing;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PerScale;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** generate --from: images of a manifest, drawn again. */
final class RedrawTest {
  @TempDir Path folder;

  private Path manifest;

  private Said say(Object... more) {
    List<Object> words = new ArrayList<>(List.of("generate", "--model", folder.resolve("model")));
    words.addAll(List.of(more));
    return Said.of(words.toArray());
  }

  @BeforeEach
  void draw() throws IOException {
    TinyExperiment.writeModel(folder);
    Path out = folder.resolve("drawn");
    Said said =
        say(
            "--random-weights",
            3,
            "--prompts",
            folder.resolve("prompts.txt"),
            "--limit",
            3,
            "--seeds",
            2,
            "--seed",
            7,
            "--batch",
            4,
            "--policy",
            "sliding-window",
            "--budget",
            "30%",
            "--cfg-budget-split",
            "20%",
            "--cfg",
            "5,4,3,1",
            "--tau",
            0.5,
            "--negative",
            "a large solid red circle at center on a plain blue background",
            "--out",
            out);
    assertEquals(0, said.code(), said.err());
    manifest = out.resolve("manifest.json");
  }

  private static List<String> same(Said said) {
    return said.json().get("images").valueStream().map(i -> i.get("same").asString()).toList();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.sorted().toList();
    }
  }

  @Test
  void everyListedImageIsTheSame() throws IOException {
    List<Path> before = files();
    Said said = say("--random-weights", 3, "--from", manifest, "--json");
    assertEquals(0, said.code(), said.err());
    assertEquals(Collections.nCopies(12, "bytes"), same(said));
    assertEquals(before, files(), "nothing is written");
  }

  @Test
  void oneImageOfABatch() throws IOException {
    Path out = folder.resolve("again");
    String file = "sliding-window/p0002-s8.png";
    Said said =
        say("--random-weights", 3, "--from", manifest, "--image", file, "--out", out, "--json");
    assertEquals(0, said.code(), said.err());
    JsonNode image = said.json().get("images").get(0);
    assertEquals(file, image.get("file").asString());
    assertEquals(8, image.get("seed").asInt());
    assertEquals(List.of("bytes"), same(said));
    assertEquals(-1, Files.mismatch(out.resolve(file), manifest.resolveSibling(file)));
  }

  @Test
  void differencesAreSaid() throws IOException {
    Path full = manifest.resolveSibling("full");
    Path packed = full.resolve("p0000-s7.png");
    RgbImage image = Png.read(packed);
    BufferedImage alpha = new BufferedImage(image.width(), image.height(), TYPE_4BYTE_ABGR);
    alpha.createGraphics().drawImage(Png.toBuffered(image), 0, 0, null);
    ImageIO.write(alpha, "png", packed.toFile());
    Path other = full.resolve("p0000-s8.png");
    byte[] rgb = Png.read(other).rgb().clone();
    rgb[0] ^= 64;
    Png.write(RgbImage.of(image.width(), image.height(), rgb), other);
    Files.delete(full.resolve("p0001-s7.png"));
    Said said = say("--random-weights", 3, "--from", manifest, "--json");
    assertEquals(1, said.code(), said.err());
    assertEquals(List.of("pixels", "different", "missing", "bytes"), same(said).subList(0, 4));
    double db = said.json().get("images").get(1).get("psnrDb").asDouble();
    assertEquals(10 * Math.log10(255.0 * 255 / (64.0 * 64 / rgb.length)), db, 1e-9);
    assertEquals(10, said.json().get("same").asInt());
  }

  @Test
  void whatTheManifestSaysIsNotSaidAgain() throws IOException {
    refused("--seed", "--random-weights", 3, "--from", manifest, "--seed", 3);
    refused("--policy", "--random-weights", 3, "--from", manifest, "--policy", "h2o");
    refused("p9.png", "--random-weights", 3, "--from", manifest, "--image", "p9.png");
    refused("random:4", "--random-weights", 4, "--from", manifest);
    refused("--from", "--random-weights", 3, "--image", "p9.png");
    String text = Files.readString(manifest);
    Path bad = folder.resolve("bad.json");
    Files.writeString(bad, text.replace("full/p0000", "../p0000"));
    refused("../p0000", "--random-weights", 3, "--from", bad);
    Files.writeString(bad, text.replaceFirst("\"aspect\"", "\"aspekt\""));
    refused("aspect", "--random-weights", 3, "--from", bad);
    Files.writeString(bad, text.substring(0, 200));
    refused("bad.json", "--random-weights", 3, "--from", bad);
    refused("config.json", "--random-weights", 3, "--from", folder.resolve("model/config.json"));
    refused("model", "--random-weights", 3, "--from", folder.resolve("model"));
  }

  private void refused(String part, Object... words) {
    Said said = say(words);
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), () -> part + " expected in " + said.err());
  }

  /** Facts of a drawing give the drawing back, in every family. */
  @Test
  void factsComeBack() {
    for (String name : List.of("pocket", "pocket-var")) {
      ModelConfig config = ModelCatalog.config(name);
      Drawing plain =
          new Drawing(config.schedule(Optional.empty(), 1), 1, config.sampling(), "", 5);
      assertEquals(plain, Drawing.of(plain.provenance()));
    }
    ModelConfig config = ModelCatalog.config("pocket");
    PerScale cfg = new PerScale(List.of(3.0, 3.0, 2.5, 2.0, 1.5, 1.0, 1.0));
    Drawing varied =
        new Drawing(
            config.schedule(Optional.empty(), 1),
            1,
            config.sampling().with(cfg, PerScale.of(0.5), null, null, null).insertedAt(-2),
            "a [grey], square",
            5);
    assertEquals(varied, Drawing.of(varied.provenance()));
  }
}
