package io.scalekv.vocabtrim.trim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.TorchIntegers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mapping files of other tools, and those that contradict their form. */
final class MappingFileTest {
  private static final int V = 100;

  @TempDir Path folder;

  private static FrequencyRanking ranking(long seed) {
    Random random = new Random(seed);
    long[] counts = new long[V];
    Arrays.setAll(counts, i -> (long) (1000 * Math.pow(random.nextDouble(), 4)));
    return FrequencyRanking.of(TokenCounts.of(counts), List.of(0, 99));
  }

  @ParameterizedTest
  @CsvSource({
    "D2T_OFFSET, map.safetensors",
    "D2T_OFFSET, vocab_mapping.pt",
    "D2T_OFFSET, d2t.npy",
    "D2T_ABSOLUTE, map.safetensors",
    "D2T_ABSOLUTE, map.gguf",
    "FR_SPEC, freq.pt",
    "VLLM_IDS, mtp_draft_vocab_ids.pt",
    "LLAMA_CPP, ids.bin",
    "LLAMA_CPP_TEXT, ids.txt"
  })
  void writtenMappingsAreRead(MappingForm form, String name) throws IOException {
    for (int k : new int[] {2, 3, 40, V}) {
      Mapping mapping = Mapping.of(ranking(k), k);
      Path file = Files.createDirectories(folder.resolve("k" + k)).resolve(name);
      MappingFile.write(file, form, mapping);
      assertEquals(form, MappingFile.open(file).form());
      Mapping back = MappingFile.read(file, k % 2 == 0 ? form : null, V);
      assertEquals(mapping.retained(), back.retained());
      boolean ordered = form == MappingForm.FR_SPEC || form == MappingForm.LLAMA_CPP_TEXT;
      assertArrayEquals(ordered ? mapping.order() : mapping.retained().toArray(), back.order());
    }
  }

  @Test
  void offsetsAndMaskHaveTheTypesOfTheTools() throws IOException {
    Path file = folder.resolve("m.safetensors");
    MappingFile.write(
        file, MappingForm.D2T_OFFSET, Mapping.of(VocabularySubset.of(new int[] {1, 4, 5}, 7)));
    try (TensorSource read = SafetensorsFile.open(file)) {
      assertEquals(StoredType.I64, read.info("d2t").type());
      assertEquals(StoredType.BOOL, read.info("t2d").type());
      assertArrayEquals(new long[] {1, 3, 3}, read.longs("d2t"));
      assertArrayEquals(new int[] {0, 1, 0, 0, 1, 1, 0}, read.ints("t2d"));
    }
  }

  @Test
  void wordsAreLittleEndianAndAscending() throws IOException {
    Path file = folder.resolve("draft.bin");
    MappingFile.write(
        file,
        MappingForm.LLAMA_CPP,
        new Mapping(VocabularySubset.of(new int[] {1, 258}, 300), new int[] {258, 1}));
    assertArrayEquals(new byte[] {1, 0, 0, 0, 2, 1, 0, 0}, Files.readAllBytes(file));
  }

  /** Other writers use the short opcodes; so does the one of Python. */
  @Test
  void listsOfPythonsOwnPicklerAreRead() throws IOException {
    byte[] archive = TorchIntegers.archive("freq", 7, 300, 70_000, 0);
    Path file = folder.resolve("freq.pt");
    Files.write(file, archive);
    TorchIntegers.Numbers read = (TorchIntegers.Numbers) TorchIntegers.read(file);
    assertArrayEquals(new long[] {7, 300, 70_000, 0}, read.values());
  }

  private Path tensors(
      String name, boolean offsets, VocabularySubset retained, VocabularySubset mask) {
    Map<String, TensorData> t = new LinkedHashMap<>();
    t.put("d2t", Mapping.of(retained).tensors(offsets).get("d2t"));
    t.put("t2d", Mapping.of(mask).tensors(offsets).get("t2d"));
    Path file = folder.resolve(name);
    SafetensorsWriter.writeData(file, t, StoredType.F32, Map.of());
    return file;
  }

  private static String refused(Path file, MappingForm form) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> MappingFile.read(file, form, V), form.key())
            .getMessage();
    assertTrue(message.contains(file.toString()) && !message.contains("\n"), message);
    return message;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void oneFormIsNeverTakenForTheOther(long seed) {
    VocabularySubset retained = ranking(seed).retained(5 + (int) seed * 8);
    Path offset = tensors("offset", true, retained, retained);
    Path absolute = tensors("absolute", false, retained, retained);
    assertTrue(refused(offset, MappingForm.D2T_ABSOLUTE).endsWith("read them as d2t-offset"));
    assertTrue(refused(absolute, MappingForm.D2T_OFFSET).endsWith("read them as d2t-absolute"));
  }

  @Test
  void maskAndRowsMustAgree() {
    VocabularySubset retained = VocabularySubset.of(new int[] {1, 4, 5}, V);
    refused(
        tensors("a", true, retained, VocabularySubset.of(new int[] {1, 4, 6}, V)),
        MappingForm.D2T_OFFSET);
    refused(
        tensors("b", true, retained, VocabularySubset.of(new int[] {1, 4, 5, 6}, V)),
        MappingForm.D2T_OFFSET);
    refused(
        tensors(
            "c",
            true,
            VocabularySubset.of(new int[] {1}, 7),
            VocabularySubset.of(new int[] {1}, 7)),
        MappingForm.D2T_OFFSET);
  }

  @Test
  void offsetsAreNoList() throws IOException {
    Path file = folder.resolve("offsets.pt");
    Files.write(file, TorchIntegers.archive("x", 1, 3, 3, 8));
    assertTrue(refused(file, MappingForm.FR_SPEC).contains("offsets, not ids"));
    Files.write(file, TorchIntegers.archive("x", 1, 300));
    assertTrue(refused(file, MappingForm.FR_SPEC).contains("got 300"));
    Path words = folder.resolve("w.bin");
    Files.write(words, new byte[] {1, 0, 0});
    refused(words, MappingForm.LLAMA_CPP);
    Files.write(words, new byte[] {1, 0, 0, 0, 1, 0, 0, 0});
    refused(words, MappingForm.LLAMA_CPP);
    refused(folder.resolve("none"), MappingForm.LLAMA_CPP);
  }

  @Test
  void ourOwnFilesSayTheirForm() throws IOException {
    Path file = folder.resolve("own.safetensors");
    // all tokens: 0,1,2,… as ids, 0,0,0,… as offsets
    MappingFile.write(file, MappingForm.D2T_OFFSET, Mapping.of(VocabularySubset.all(V)));
    assertTrue(refused(file, MappingForm.D2T_ABSOLUTE).contains("d2t-offset"));
  }

  @Test
  void textListsHaveAnyLineEndAndByteOrderMark() throws IOException {
    Path file = folder.resolve("ids.txt");
    for (String end : new String[] {"\n", "\r\n", "\r"}) {
      Files.writeString(file, "\ufeff7" + end + "3" + end + end + "99");
      assertArrayEquals(new int[] {7, 3, 99}, MappingFile.read(file, null, V).order());
    }
  }

  /** Damaged files of every form: read as something, or refused in one line. */
  @ParameterizedTest
  @ValueSource(strings = {"m.safetensors", "m.pt", "d2t.npy", "m.gguf", "f.pt", "w.bin", "w.txt"})
  void damagedFilesAreRefusedInOneLine(String name) throws IOException {
    MappingForm form =
        switch (name) {
          case "m.gguf" -> MappingForm.D2T_ABSOLUTE;
          case "f.pt" -> MappingForm.FR_SPEC;
          case "w.bin" -> MappingForm.LLAMA_CPP;
          case "w.txt" -> MappingForm.LLAMA_CPP_TEXT;
          default -> MappingForm.D2T_OFFSET;
        };
    Path file = folder.resolve(name);
    MappingFile.write(file, form, Mapping.of(ranking(1), 20));
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(name.hashCode());
    int refused = 0;
    for (int i = 0; i < 300; i++) {
      byte[] bytes = whole.clone();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Files.write(file, i % 4 == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes);
      try {
        MappingFile.read(file, null, V);
      } catch (IllegalArgumentException e) {
        refused++;
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
      }
    }
    assertTrue(refused > 60, name + " " + refused);
  }
}
