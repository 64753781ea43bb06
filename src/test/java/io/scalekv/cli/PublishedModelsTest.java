package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.ModelCatalog;
import io.scalekv.model.TinyCheckpoint;
import io.scalekv.model.text.T5Config;
import io.scalekv.model.text.T5Encoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Published checkpoints on the command line. */
class PublishedModelsTest {
  private static final String PROMPT = "a red fox in the snow";

  @TempDir Path folder;

  private static Said refused(String expected, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertTrue(said.err().contains(expected), said.err());
    assertEquals(1, said.err().lines().count(), said.err());
    return said;
  }

  private byte[] image(Path model, Path features, Path out) throws IOException {
    Said said =
        Said.of(
            "generate",
            "--model",
            model,
            "--prompt",
            PROMPT,
            "--negative",
            "snow",
            "--text-embeddings",
            features,
            "--out",
            out);
    assertEquals(0, said.code(), said.err());
    return Files.readAllBytes(out.resolve("p0000-s0.png"));
  }

  @Test
  void textFeaturesAreKeptAndReused() throws IOException {
    Path model = folder.resolve("model");
    TinyCheckpoint.write(model, TinyCheckpoint.Form.TRAINING);
    Path features = folder.resolve("features.safetensors");
    byte[] first = image(model, features, folder.resolve("first"));
    assertTrue(Files.isRegularFile(features));
    Files.move(model.resolve("flan-t5-xl"), folder.resolve("elsewhere"));
    byte[] kept = Files.readAllBytes(features);
    assertArrayEquals(first, image(model, features, folder.resolve("second")));
    assertArrayEquals(kept, Files.readAllBytes(features));
    refused(
        "the text encoder flan-t5-xl/",
        "generate",
        "--model",
        model,
        "--prompt",
        "a fox",
        "--text-embeddings",
        features,
        "--out",
        folder.resolve("third"));
    refused(
        "pocket",
        "generate",
        "--prompt",
        "a large solid red circle at left on a plain blue background",
        "--text-embeddings",
        features,
        "--out",
        folder.resolve("fourth"));
    JsonNode verified = Said.of("models", "--verify", model, "--json").json().get("models").get(0);
    assertEquals("VERIFIED", verified.get("parts").get(0).get("status").asString());
    assertEquals("MISSING", verified.get("parts").get(2).get("status").asString());
    assertEquals(64, verified.get("weightsSha256").asString().length());
  }

  /** What the text encoder cannot read of a prompt is stated beside the image. */
  @Test
  void aPromptThatIsTooLongIsNamedInTheManifest() throws IOException {
    Path model = folder.resolve("model");
    TinyCheckpoint.write(model, TinyCheckpoint.Form.TRAINING);
    Path prompts = folder.resolve("prompts.txt");
    String all = "fox ".repeat(600).strip();
    Files.writeString(prompts, PROMPT + "\n" + all + "\n");
    Path out = folder.resolve("cut");
    Said said = Said.of("generate", "--model", model, "--prompts", prompts, "--out", out);
    assertEquals(0, said.code(), said.err());
    JsonNode cut =
        JsonMapper.shared()
            .readTree(Files.readString(out.resolve("manifest.json")))
            .get("cutPrompts");
    assertEquals(1, cut.size(), cut.toString());
    assertEquals(601, cut.get(all).asInt(), "600 words and the end token");
  }

  @Test
  void publishedFilesAreVerifiedWithoutLoading() throws IOException {
    refused("infinity_2b_reg.pth", "models", "--verify", folder);
    TinyCheckpoint.writeHollow(
        folder.resolve("infinity_2b_reg.pth"), TinyCheckpoint.published("infinity_2b"));
    JsonNode missing = parts(2);
    assertEquals("VERIFIED", missing.get(0).get("status").asString());
    assertEquals(64, missing.get(0).get("sha256").asString().length());
    assertTrue(missing.get(0).get("remark").asString().endsWith("d5958b37"));
    assertEquals("MISSING", missing.get(1).get("status").asString());
    assertEquals("MISSING", missing.get(2).get("status").asString());
    TinyCheckpoint.writeHollow(
        folder.resolve("infinity_vae_d32reg.pth"), TinyCheckpoint.published("vae_d32"));
    refused(
        "infinity-2b needs the text encoder flan-t5-xl/",
        "generate",
        "--model",
        "infinity-2b",
        "--weights",
        folder,
        "--prompt",
        PROMPT,
        "--out",
        folder.resolve("out"));
    Path text = Files.createDirectory(folder.resolve("flan-t5-xl"));
    Files.writeString(
        text.resolve("config.json"),
        """
        {"vocab_size":32128,"d_model":2048,"d_kv":64,"num_heads":32,"d_ff":5120,"num_layers":24,
         "relative_attention_num_buckets":32,"relative_attention_max_distance":128,
         "feed_forward_proj":"gated-gelu","layer_norm_epsilon":1e-06}
        """);
    Files.writeString(text.resolve("spiece.model"), "");
    Map<String, long[]> shapes = new LinkedHashMap<>();
    T5Encoder.shapes(T5Config.read(text.resolve("config.json")))
        .forEach((name, shape) -> shapes.put(name, shape.getShape()));
    TinyCheckpoint.writeHollow(text.resolve("pytorch_model.bin"), shapes);
    JsonNode sound = parts(0);
    assertEquals(1_223_527_424L, sound.get(2).get("parameters").asLong());
    Files.writeString(text.resolve("config.json"), ModelCatalog.config("pocket").json());
    JsonNode damaged = parts(2);
    assertEquals("DAMAGED", damaged.get(2).get("status").asString());
    assertEquals("VERIFIED", damaged.get(0).get("status").asString());
  }

  private JsonNode parts(int code) {
    Said said = Said.of("models", "--verify", folder, "--json");
    assertEquals(code, said.code(), said.err());
    JsonNode models = said.json().get("models");
    assertEquals(1, models.size(), said.out());
    assertEquals("infinity-2b", models.get(0).get("name").asString());
    return models.get(0).get("parts");
  }
}
