package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelChoiceTest {
  @TempDir Path folder;

  @Test
  void randomWeightsAreReadAsTyped() {
    assertEquals(RandomWeights.of(7), RandomWeights.parse("7"));
    RandomWeights shaped = RandomWeights.parse("7,2x64x4,text=20");
    assertEquals(new RandomWeights(7, new Geometry(2, 4, 16), 20), shaped);
    assertEquals("7,2x64x4,text=20", shaped.toString());
    assertEquals("random:7", shaped.hash());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "1,2x3", "1,2x64x0", "1,2x65x4", "1,text=0", "1,text=9999", "1, 2x64x4"})
  void otherTextIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> RandomWeights.parse(text));
  }

  @Test
  void jsonKeepsTheForm() {
    for (String json : new String[] {"7", "\"7,2x64x4\""}) {
      RandomWeights read = Json.bind(Json.parse(json, "f"), RandomWeights.class, "f");
      assertEquals(json, Json.MAPPER.writeValueAsString(read));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"pocket", "pocket-l", "pocket-xl", "infinity-125m", "infinity-2b", "infinity-8b"})
  void anyModelTakesAnotherGeometry(String name) {
    ModelConfig config = new ModelChoice(name, null, RandomWeights.parse("1,4x64x2")).config();
    assertEquals(new Geometry(4, 2, 32), config.geometry());
    assertEquals(name + "-4x64-h2", config.name());
  }

  @Test
  void namedModelHasShippedWeightsOrNone() {
    assertTrue(ModelChoice.of("pocket").shipped());
    assertInstanceOf(ModelSource.Shipped.class, ModelChoice.of("pocket").source());
    ModelChoice published = ModelChoice.of("infinity-2b");
    assertEquals(32, published.config().geometry().layers());
    assertThrows(IllegalArgumentException.class, published::source);
    assertInstanceOf(
        ModelSource.Random.class,
        new ModelChoice("infinity-2b", null, RandomWeights.of(1)).source());
  }

  @Test
  void aStateDictStandsBehindTheFolder() throws Exception {
    String ema = folder + "#gpt_ema_fsdp";
    assertEquals(
        new ModelSource.Folder(folder, "gpt_ema_fsdp"),
        new ModelChoice("infinity-2b", ema, null).source());
    Files.createDirectory(Path.of(ema));
    assertEquals(
        new ModelSource.Folder(Path.of(ema)), new ModelChoice("infinity-2b", ema, null).source());
  }

  @Test
  void folderWithAConfigurationIsAModel() throws Exception {
    ModelChoice choice = ModelChoice.of(folder.toString());
    assertThrows(IllegalArgumentException.class, choice::config);
    ModelConfig pocket = ModelCatalog.config("pocket");
    Files.writeString(folder.resolve(ModelCatalog.CONFIG), pocket.json());
    assertEquals(pocket, choice.config());
    assertFalse(choice.shipped());
    assertEquals(new ModelSource.Folder(folder), choice.source());
  }

  @Test
  void configurationOfAnUnknownFormatIsRefused() throws Exception {
    Path file = folder.resolve(ModelCatalog.CONFIG);
    Files.writeString(file, "{\"format\": \"other-1\"}");
    Exception e = assertThrows(IllegalArgumentException.class, () -> ModelCatalog.read(file));
    assertTrue(e.getMessage().startsWith(file + ": /format "), e.getMessage());
    assertTrue(e.getMessage().endsWith("got other-1"), e.getMessage());
  }

  @Test
  void unknownModelIsRefused() {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> ModelChoice.of("nowhere").config());
    assertTrue(e.getMessage().contains("got nowhere"), e.getMessage());
  }
}
