package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.TinyCheckpoint.Form;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.WeightsFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PublishedCheckpointTest {
  private static final List<Prompt> PROMPTS =
      List.of(new Prompt("a red fox in the snow", 1), new Prompt("snow", 2));

  private static final List<ModelConfig> PUBLISHED =
      List.of(
          ModelCatalog.config("infinity-2b"),
          ModelCatalog.config("infinity-8b"),
          ModelCatalog.config("infinity-8b-512"));

  private static int[] expected;

  @TempDir Path folder;

  private static ModelSource at(Path folder) {
    return new ModelSource.Folder(folder);
  }

  private static List<RgbImage> draw(ImageModel model, List<Prompt> prompts, String negative) {
    ScaleSchedule schedule = model.config().schedule(Optional.empty(), 1);
    return model.draw(
        new Drawing(schedule, 1, Sampling.defaults(), negative, 0),
        prompts,
        model.fullCache(schedule),
        List.of(),
        GenerationListener.NONE);
  }

  private static int[] pixels(List<RgbImage> images) {
    return images.stream()
        .flatMapToInt(
            image ->
                IntStream.range(0, image.height() * image.width())
                    .map(
                        i -> {
                          int x = i % image.width();
                          int y = i / image.width();
                          return image.packed(x, y);
                        }))
        .toArray();
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void everyFormIsTheSameModel(Form form) {
    TinyCheckpoint.write(folder, form);
    List<String> heard = new ArrayList<>();
    LoadListener listener =
        (what, done, total) -> {
          assertTrue(done <= total, what);
          if (heard.isEmpty() || !heard.get(heard.size() - 1).equals(what)) {
            heard.add(what);
          }
        };
    try (ImageModel model =
        TinyCheckpoint.CONFIG.open(at(folder), LoadOptions.of(false), listener)) {
      int[] got = pixels(draw(model, PROMPTS, "the snow"));
      assertEquals(2 * 64 * 64, got.length);
      assertTrue(Arrays.stream(got).distinct().count() > 100, "an image of one colour");
      if (expected == null) {
        expected = got;
      }
      assertArrayEquals(expected, got, form.name());
      assertTrue(model.weightHash().startsWith("sha256:"));
    }
    assertEquals(List.of("narrow-2b", "the tokenizer of narrow-2b", "hash of the weights"), heard);
  }

  @Test
  void storedFeaturesStandInForTheTextEncoder() throws IOException {
    TinyCheckpoint.write(folder, Form.SAFETENSORS);
    Path file = folder.resolve("features.safetensors");
    int[] with;
    try (ImageModel model = open(file)) {
      with = pixels(draw(model, PROMPTS, ""));
    }
    Files.delete(folder.resolve("flan-t5-xl").resolve("model.safetensors"));
    Files.delete(folder.resolve("flan-t5-xl").resolve("config.json"));
    Files.delete(folder.resolve("flan-t5-xl").resolve("tokenizer.json"));
    Files.delete(folder.resolve("flan-t5-xl"));
    try (ImageModel model = open(file)) {
      assertArrayEquals(with, pixels(draw(model, PROMPTS, "")));
      List<Prompt> other = List.of(new Prompt("a fox", 1));
      Exception e = assertThrows(IllegalArgumentException.class, () -> draw(model, other, ""));
      assertEquals("narrow-2b: no text encoder and no stored embeddings of: a fox", e.getMessage());
    }
  }

  private ImageModel open(Path features) {
    return TinyCheckpoint.CONFIG.open(
        at(folder), LoadOptions.of(false).withTextEmbeddings(features), LoadListener.NONE);
  }

  private void assertRefused(String... expectedParts) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> ImageModel.open(TinyCheckpoint.CONFIG, at(folder), false).close());
    for (String part : expectedParts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  @Test
  void aStateDictThatIsAskedForHasItsOwnHash() {
    TinyCheckpoint.write(folder, Form.TRAINING);
    ModelSource asked = new ModelSource.Folder(folder, "gpt_fsdp");
    CheckpointFolder.of(TinyCheckpoint.CONFIG, asked).check(TinyCheckpoint.CONFIG);
    assertNotEquals(
        TinyCheckpoint.CONFIG.weightHash(at(folder)), TinyCheckpoint.CONFIG.weightHash(asked));
    CheckpointFolder other =
        CheckpointFolder.of(TinyCheckpoint.CONFIG, at(folder)).in("gpt_ema_fsdp");
    Exception e =
        assertThrows(WeightsFileException.class, () -> other.check(TinyCheckpoint.CONFIG));
    assertTrue(e.getMessage().contains("one of trainer.gpt_fsdp, got gpt_ema_fsdp"), e::getMessage);
  }

  @Test
  void whatIsMissingIsSaidAtOnce() throws IOException {
    assertRefused(
        folder + ": narrow-2b needs the transformer infinity_2b_reg.pth or ",
        "; the tokenizer infinity_vae_d32reg.pth or infinity_vae_d32_reg.pth or ",
        "FoundationVision/Infinity");
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> CheckpointFolder.find(folder, ModelCatalog.config("infinity-8b"), true));
    assertTrue(e.getMessage().contains("infinity-8b needs the transformer infinity_8b_weights"));
    assertTrue(e.getMessage().contains("infinity_vae_d56_f8_14_patchify.pth"));
    assertTrue(
        e.getMessage().contains("the text encoder flan-t5-xl/ (config.json, tokenizer.json"));
    TinyCheckpoint.write(folder, Form.SLIM);
    CheckpointFolder found = CheckpointFolder.find(folder, TinyCheckpoint.CONFIG, true);
    assertEquals(folder.resolve("infinity_2b_reg.pth"), found.transformer());
    assertEquals(folder.resolve("infinity_vae_d32reg.pth"), found.tokenizer());
    assertEquals(folder.resolve("flan-t5-xl"), found.text());
    Files.delete(folder.resolve("flan-t5-xl").resolve("config.json"));
    assertRefused("flan-t5-xl: missing config.json");
  }

  @Test
  void wrongFilesAreNamedInOneLine() throws IOException {
    TinyCheckpoint.write(folder, Form.SHARDED_BIN);
    Path shard = folder.resolve("infinity_2b_weights/pytorch_model-00002-of-00003.bin");
    byte[] whole = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(whole, whole.length * 2 / 3));
    assertRefused(shard.toString(), "end record of a zip archive");
    Files.delete(shard);
    assertRefused("shard \"pytorch_model-00002-of-00003.bin\"");
    Files.write(shard, whole);

    Path file = folder.resolve("infinity_2b_reg.pth");
    Map<String, TensorData> weights = TinyCheckpoint.transformer();
    TinyCheckpoint.torch(file, weights, StoredType.I32);
    assertRefused(file + ": ", "tensor \"cfg_uncond\" of narrow-2b", "got I32");

    String head = "block_chunks.7.module.3.ffn.fc2.bias";
    Map<String, TensorData> less = new LinkedHashMap<>(weights);
    less.remove(head);
    TinyCheckpoint.torch(file, less, StoredType.F32);
    assertRefused(file + ": weights of narrow-2b", "none for " + head);
    less.remove("head.bias");
    TinyCheckpoint.torch(file, less, StoredType.F32);
    assertRefused("none for head.bias and 1 more");

    Map<String, TensorData> more = new LinkedHashMap<>(weights);
    more.put("block_chunks.8.module.0.ada_gss", weights.get("pos_start"));
    more.put("rope2d_freqs_grid", weights.get("pos_start"));
    TinyCheckpoint.torch(file, more, StoredType.F32);
    assertRefused("got block_chunks.8.module.0.ada_gss");

    TinyCheckpoint.writeHollow(file, TinyCheckpoint.published("infinity_8b"));
    assertRefused(file + ": shape of tensor \"cfg_uncond\" of narrow-2b", "got [512, 2048]");
  }

  @Test
  void theRealNamesAndShapesAreChecked() throws IOException {
    ModelConfig config = ModelCatalog.config("infinity-2b");
    assertFalse(config.files().anyIn(folder));
    Path transformer = folder.resolve("infinity_2b_reg.pth");
    TinyCheckpoint.writeHollow(transformer, TinyCheckpoint.published("infinity_2b"));
    TinyCheckpoint.writeHollow(
        folder.resolve("infinity_vae_d32reg.pth"), TinyCheckpoint.published("vae_d32"));
    assertTrue(config.files().anyIn(folder));
    CheckpointFolder files = CheckpointFolder.find(folder, config, false);
    ModelCheck check = ModelCheck.of(config, folder, LoadListener.NONE);
    assertEquals(64, check.weightsSha256().length());
    assertEquals(2.2047e9, check.parts().get(0).parameters(), 3e5);
    assertEquals(ModelCheck.Status.MISSING, check.parts().get(2).status());

    TinyCheckpoint.writeHollow(
        folder.resolve("infinity_vae_d56_f8_14_patchify.pth"), TinyCheckpoint.published("vae_d56"));
    List<ModelCheck> all = ModelCheck.all(PUBLISHED, folder, LoadListener.NONE);
    assertEquals(
        List.of("infinity-2b", "infinity-8b"), all.stream().map(ModelCheck::name).toList());
    assertEquals(ModelCheck.Status.VERIFIED, all.get(0).parts().get(0).status());
    assertEquals(ModelCheck.Status.MISSING, all.get(1).parts().get(0).status());
    assertEquals(ModelCheck.Status.VERIFIED, all.get(1).parts().get(1).status());
    Path renamed = folder.resolve("transformer.safetensors");
    Files.move(transformer, renamed);
    assertEquals(
        List.of("infinity-2b"),
        ModelCheck.all(PUBLISHED, folder, LoadListener.NONE).stream()
            .map(ModelCheck::name)
            .toList());
    Files.move(renamed, transformer);
    TinyCheckpoint.writeHollow(
        folder.resolve("infinity_8b.pth"), TinyCheckpoint.published("infinity_8b"));
    ModelConfig large = ModelCatalog.config("infinity-8b");
    CheckpointFolder eight = CheckpointFolder.find(folder, large, false);
    eight.check(large);

    TinyCheckpoint.writeHollow(transformer, TinyCheckpoint.published("infinity_8b"));
    Exception e = assertThrows(WeightsFileException.class, () -> files.check(config));
    assertTrue(e.getMessage().startsWith(transformer + ": shape of tensor \"pos_start\" "));
    assertTrue(e.getMessage().endsWith("got [1, 1, 3584]"), e.getMessage());
    CheckpointFolder swapped = new CheckpointFolder(eight.transformer(), files.tokenizer(), null);
    e = assertThrows(WeightsFileException.class, () -> swapped.check(large));
    assertTrue(e.getMessage().contains("the tokenizer of infinity-8b"), e.getMessage());
    assertNotEquals(eight.transformer(), files.transformer());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(4, left.count());
    }
  }
}
