package io.scalekv.model.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEmbeddingStoreTest {
  @TempDir Path folder;

  @Test
  void whatIsSavedIsFoundAgainAndOthersAreAdded() throws IOException {
    Path file = folder.resolve("sub").resolve("embeddings.safetensors");
    TextEmbeddingStore first = TextEmbeddingStore.open(file, 2);
    assertEquals(List.of("a", "b"), first.missing(List.of("a", "b", "a")));
    first.useEncoder("one");
    first.put("a", new float[] {1, 2, 3, 4});
    assertEquals(List.of("b"), first.missing(List.of("a", "b")));
    first.save();
    TextEmbeddingStore second = TextEmbeddingStore.open(file, 2);
    second.useEncoder("one");
    second.put("b", new float[] {5, 6});
    // another process adds meanwhile
    TextEmbeddingStore third = TextEmbeddingStore.open(file, 2);
    third.useEncoder("one");
    third.put("c", new float[] {7, 8});
    third.save();
    second.save();
    TextEmbeddingStore last = TextEmbeddingStore.open(file, 2);
    assertEquals(List.of("d"), last.missing(List.of("a", "b", "c", "d")));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      TextEmbeddings embeddings = last.embeddings(manager, List.of("b", "a", "b"));
      assertArrayEquals(new int[] {1, 2, 1}, embeddings.lengths());
      assertEquals(new Shape(3, 2, 2), embeddings.padded().getShape());
      assertArrayEquals(
          new float[] {5, 6, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0}, embeddings.padded().toFloatArray());
      last.put("d", new float[] {9, 9});
      assertArrayEquals(
          new float[] {9, 9}, last.embeddings(manager, List.of("d")).padded().toFloatArray());
      assertThrows(
          IllegalArgumentException.class, () -> last.embeddings(manager, List.of("nowhere")));
    }
    try (var files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void featuresOfAnotherEncoderOrWidthAreRefused() {
    Path file = folder.resolve("embeddings.safetensors");
    TextEmbeddingStore store = TextEmbeddingStore.open(file, 2);
    store.useEncoder("one");
    store.put("a", new float[] {1, 2});
    store.save();
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> TextEmbeddingStore.open(file, 2).useEncoder("two"));
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains("must be one, got two"), e.getMessage());
    e = assertThrows(IllegalArgumentException.class, () -> TextEmbeddingStore.open(file, 3));
    assertTrue(e.getMessage().contains("F32 [1..512, 3], got tensor"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> store.put("b", new float[] {1, 2, 3}));
    Path other = folder.resolve("other.safetensors");
    SafetensorsWriter.writeData(
        other, Map.of("a", TensorData.of(new float[2], 1, 2)), StoredType.F32, Map.of());
    e = assertThrows(IllegalArgumentException.class, () -> TextEmbeddingStore.open(other, 2));
    assertTrue(e.getMessage().startsWith(other.toString()), e.getMessage());
  }

  @Test
  void aStoreWithoutAFileSavesNothing() {
    TextEmbeddingStore store = TextEmbeddingStore.inMemory(1);
    store.put("a", new float[] {1});
    store.save();
    assertEquals(List.of(), store.missing(List.of("a")));
  }
}
