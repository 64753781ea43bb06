package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedWeightsTest {
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path root;
  private Path folder;

  private static void shard(Path file, String... names) {
    var tensors = new TreeMap<String, TensorData>();
    for (String name : names) {
      tensors.put(name, TensorData.of(new float[] {name.charAt(0), 0.5f}, 2));
    }
    SafetensorsWriter.writeData(file, tensors, StoredType.BF16, Map.of());
  }

  @BeforeEach
  void twoShards() throws IOException {
    folder = Files.createDirectory(root.resolve("model"));
    shard(folder.resolve(FIRST), "a", "b");
    shard(folder.resolve(SECOND), "c");
  }

  private Path index(String json) {
    return RawSafetensors.write(
        folder, "model.safetensors.index.json", json.getBytes(StandardCharsets.UTF_8));
  }

  private Path index(String a, String b, String c) {
    return index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}}".formatted(a, b, c));
  }

  private static void assertRefused(String expected, Path index) {
    var error = assertThrows(WeightsFileException.class, () -> ShardedWeights.open(index));
    assertTrue(error.getMessage().contains(expected), error::getMessage);
    assertFalse(error.getMessage().contains("\n"), error::getMessage);
  }

  @Test
  void tensorsAreReadFromTheirShards() {
    Path index =
        index(
            "{\"metadata\":{\"total_size\":12,\"nested\":{\"x\":[1]}},\"other\":[{}],"
                + "\"weight_map\":{\"c\":\"%s\",\"a\":\"%s\",\"b\":\"%s\"}}"
                    .formatted(SECOND, FIRST, FIRST));
    try (TensorSource source = ShardedWeights.open(index);
        NDManager manager = NDManager.newBaseManager()) {
      assertEquals(List.of("c", "a", "b"), List.copyOf(source.names()));
      assertEquals(Map.of("total_size", "12"), source.metadata());
      for (String name : source.names()) {
        float[] expected = {name.charAt(0), 0.5f};
        assertArrayEquals(expected, source.floats(name));
        assertArrayEquals(expected, source.load(name, manager).toFloatArray());
        assertArrayEquals(new double[] {expected[0], 0.5}, source.doubles(name));
        assertEquals(
            name.equals("c") ? SECOND : FIRST, source.info(name).file().getFileName().toString());
      }
      var error = assertThrows(WeightsFileException.class, () -> source.floats("d"));
      assertTrue(error.getMessage().startsWith(index + ": "), error::getMessage);
      assertTrue(error.getMessage().endsWith("got \"d\""), error::getMessage);
      source.close();
      assertThrows(WeightsFileException.class, () -> source.floats("a"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside.safetensors",
        "/etc/passwd",
        "sub/x.safetensors",
        "..",
        ".",
        "",
        " ",
        "..\\\\outside",
        "C:x",
        "a\\u0000b",
        "a\\nb"
      })
  void shardNamesThatAreNotPlainAreRefused(String name) {
    shard(root.resolve("outside.safetensors"), "c");
    assertRefused("shard of tensor \"c\"", index(FIRST, FIRST, name));
  }

  /** As in the caches of the Hugging Face hub: snapshots hold links into a folder of blobs. */
  @Test
  void shardsMayBeLinks() throws IOException {
    index(FIRST, FIRST, SECOND);
    Path blobs = Files.createDirectories(root.resolve("hub/blobs"));
    Path snapshot = Files.createDirectories(root.resolve("hub/snapshots/0123abcd"));
    for (String name : List.of(FIRST, SECOND, "model.safetensors.index.json")) {
      String blob = Integer.toHexString(name.hashCode());
      Files.copy(folder.resolve(name), blobs.resolve(blob));
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs", blob));
    }
    try (TensorSource source = TensorSource.open(snapshot);
        TensorSource one = TensorSource.open(snapshot.resolve(SECOND))) {
      assertEquals(3, source.names().size());
      assertArrayEquals(new float[] {'c', 0.5f}, source.floats("c"));
      assertEquals(snapshot.resolve(SECOND), source.info("c").file());
      assertArrayEquals(new float[] {'c', 0.5f}, one.floats("c"));
    }
    try (TensorSource source = TensorSource.open(root.resolve("hub"))) {
      assertEquals(3, source.names().size());
    }
    Files.createDirectories(root.resolve("hub/snapshots/4567"));
    assertEquals(root.resolve("hub"), HubCache.resolve(root.resolve("hub")));
    Path main = Files.createDirectories(root.resolve("hub/refs")).resolve("main");
    Files.writeString(main, "0123abcd\n");
    assertEquals(snapshot, HubCache.resolve(root.resolve("hub")));
    Files.writeString(main, "../..");
    assertEquals(root.resolve("hub"), HubCache.resolve(root.resolve("hub")));
    Path loop = snapshot.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertRefused("shard \"loop\"", index(FIRST, FIRST, "loop"));
  }

  @Test
  void indexAndShardsMustAgree() {
    assertRefused("shard \"none.safetensors\"", index(FIRST, FIRST, "none.safetensors"));
    assertRefused(
        "tensor \"b\" must be in shard " + SECOND + ", got " + FIRST, index(FIRST, SECOND, SECOND));
    assertRefused(
        "tensor \"x\" must be in shard " + FIRST,
        index(
            "{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\",\"x\":\"%s\"}}"
                .formatted(FIRST, FIRST, SECOND, FIRST)));
    assertRefused(
        "tensor \"b\" of " + FIRST,
        index("{\"weight_map\":{\"a\":\"%s\",\"c\":\"%s\"}}".formatted(FIRST, SECOND)));
    shard(folder.resolve(SECOND), "a", "c");
    assertRefused("got " + FIRST + " and " + SECOND, index(FIRST, FIRST, SECOND));
  }

  @Test
  void aMalformedShardIsNamed() {
    RawSafetensors.write(folder, SECOND, new byte[3]);
    assertRefused(SECOND + ": file size", index(FIRST, FIRST, SECOND));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | got nothing",
        "[] | got an array",
        "{} | weight_map",
        "{\"weight_map\":{}} | weight_map",
        "{\"weight_map\":[]} | got an array",
        "{\"weight_map\":{\"a\":1}} | shard of tensor \"a\"",
        "{\"weight_map\":{\"a\":null}} | shard of tensor \"a\"",
        "{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}} | got Duplicate",
        "{\"weight_map\":{\"a\":\"x\"} | got Unexpected end",
        "{\"weight_map\":{\"a\":\"x\"}}} | index must be valid JSON",
        "{\"o\":[[[[[[[[[[1]]]]]]]]]]} | index must be valid JSON",
      })
  void malformedIndexesAreRefused(String json, String message) {
    assertRefused(message, index(json));
  }

  @Test
  void foldersAndMissingIndexesAreRefused() {
    assertRefused(folder + ": index", folder);
    assertRefused("none: index", folder.resolve("none"));
  }
}
