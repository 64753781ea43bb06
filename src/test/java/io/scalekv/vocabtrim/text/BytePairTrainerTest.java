package io.scalekv.vocabtrim.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Byte-pair training against the obvious loop, and its files in the library. */
class BytePairTrainerTest {
  @TempDir Path folder;

  private TextTokenizer tokenizer(String json) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json);
    return TextTokenizer.open(folder);
  }

  private static String train(int vocabulary, String... texts) {
    BytePairTrainer trainer = new BytePairTrainer();
    List.of(texts).forEach(trainer::add);
    return trainer.train(vocabulary, SpecialTokens.TEXTS);
  }

  private static List<String> merges(String json) {
    List<String> merges = new ArrayList<>();
    JsonMapper.shared()
        .readTree(json)
        .path("model")
        .path("merges")
        .forEach(m -> merges.add(m.asString()));
    return merges;
  }

  /** Recounts all pairs for every merge; lower-case letters only, so a byte is its character. */
  private static List<String> naive(String text, int merges) {
    List<List<String>> words = new ArrayList<>();
    for (String word : text.split("(?= )")) {
      List<String> symbols = new ArrayList<>();
      for (char c : word.toCharArray()) {
        symbols.add(c == ' ' ? "Ġ" : String.valueOf(c));
      }
      words.add(symbols);
    }
    // ids: bytes in the order of their characters, then merges in the order of their making
    List<String> order = new ArrayList<>();
    for (char c = 'a'; c <= 'z'; c++) {
      order.add(String.valueOf(c));
    }
    order.add("Ġ");
    List<String> made = new ArrayList<>();
    while (made.size() < merges) {
      Map<String, Integer> counts = new HashMap<>();
      for (List<String> w : words) {
        for (int i = 0; i + 1 < w.size(); i++) {
          counts.merge(w.get(i) + " " + w.get(i + 1), 1, Integer::sum);
        }
      }
      String best = null;
      for (String pair : counts.keySet()) {
        if (best == null || better(pair, best, counts, order)) {
          best = pair;
        }
      }
      if (best == null || counts.get(best) < 2) {
        break;
      }
      made.add(best);
      String[] pair = best.split(" ");
      if (!order.contains(pair[0] + pair[1])) {
        order.add(pair[0] + pair[1]);
      }
      for (List<String> w : words) {
        for (int i = 0; i + 1 < w.size(); i++) {
          if (w.get(i).equals(pair[0]) && w.get(i + 1).equals(pair[1])) {
            w.set(i, pair[0] + pair[1]);
            w.remove(i + 1);
          }
        }
      }
    }
    return made;
  }

  private static boolean better(
      String a, String b, Map<String, Integer> counts, List<String> order) {
    int byCount = counts.get(b) - counts.get(a);
    if (byCount != 0) {
      return byCount < 0;
    }
    String[] x = a.split(" ");
    String[] y = b.split(" ");
    int first = order.indexOf(x[0]) - order.indexOf(y[0]);
    return first != 0 ? first < 0 : order.indexOf(x[1]) < order.indexOf(y[1]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void mergesAreThoseOfTheObviousLoop(int seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder("start");
    for (int w = 0; w < 120; w++) {
      text.append(' ');
      for (int i = 0; i < 1 + random.nextInt(7); i++) {
        text.append((char) ('a' + random.nextInt(seed + 1)));
      }
    }
    List<String> got = merges(train(258 + 60, text.toString()));
    List<String> expected = naive(text.toString(), got.size());
    assertTrue(got.size() > 10);
    assertEquals(expected, got);
  }

  @Test
  void theLibraryReadsTheFileAndGivesTheTextBack() throws IOException {
    SyntheticLanguage language = new SyntheticLanguage(3);
    BytePairTrainer trainer = new BytePairTrainer();
    for (Domain d : Domain.values()) {
      language.documents(d, 0, 60).forEach(trainer::add);
    }
    String json = trainer.train(900, SpecialTokens.TEXTS);
    assertEquals(json, trainer.train(900, SpecialTokens.TEXTS), "the same twice");
    try (TextTokenizer tokenizer = tokenizer(json)) {
      assertEquals(900, tokenizer.size());
      assertEquals(new TreeSet<>(List.of(0, 1)), tokenizer.special());
      List<String> texts = new ArrayList<>(language.documents(Domain.CODING, 100, 5));
      texts.addAll(language.documents(Domain.MATH, 100, 5));
      texts.addAll(List.of("", " ", "  a\n\n b\t", "naïve café 数学 😀 don't", "1234 + 5=9"));
      int tokens = 0;
      int bytes = 0;
      for (String text : texts) {
        int[] ids = tokenizer.encode(text);
        assertEquals(text, tokenizer.decode(ids));
        tokens += ids.length;
        bytes += text.getBytes(StandardCharsets.UTF_8).length;
      }
      assertTrue(tokens < bytes / 2, tokens + " tokens of " + bytes + " bytes");
      assertArrayEquals(new int[] {1}, tokenizer.encode("<|end_of_text|>"));
      assertEquals("", tokenizer.decode(new int[] {0, 1}));
    }
  }

  @Test
  void theLibrarySplitsAsTheTrainerMerged() throws IOException {
    String text = "low lower lowest low low newer new newest new wide wider widest ";
    try (TextTokenizer tokenizer = tokenizer(train(290, text))) {
      JsonNode vocabulary =
          JsonMapper.shared()
              .readTree(Files.readString(folder.resolve("tokenizer.json")))
              .path("model")
              .path("vocab");
      assertArrayEquals(new int[] {vocabulary.path("Ġnew").asInt()}, tokenizer.encode(" new"));
      assertArrayEquals(new int[] {vocabulary.path("Ġlow").asInt()}, tokenizer.encode(" low"));
    }
  }

  @Test
  void aSmallTextMakesASmallVocabulary() throws IOException {
    try (TextTokenizer tokenizer = tokenizer(train(8192, "ab ab cd"))) {
      // " a" and " ab" do not stand twice together: only a and b do
      assertEquals(259, tokenizer.size());
    }
    Exception e = assertThrows(IllegalArgumentException.class, () -> train(257, "ab"));
    assertTrue(
        e.getMessage().contains("258") && e.getMessage().endsWith("got 257"), e.getMessage());
  }

  @Test
  void aBrokenFileIsNamed() throws IOException {
    Exception e = assertThrows(IllegalArgumentException.class, () -> TextTokenizer.open(folder));
    assertTrue(e.getMessage().startsWith("missing tokenizer "), e.getMessage());
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    e = assertThrows(IllegalArgumentException.class, () -> TextTokenizer.open(folder));
    assertTrue(e.getMessage().contains("not a tokenizer"), e.getMessage());
    assertFalse(e.getMessage().contains("\n"));
  }

  /** The native library is never asked: it may end the process. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"type\":\"BPE\" | \"type\":\"Unigram\" | /model | \"Unigram\"",
        "\"id\":0 | \"id\":-1 | /model/vocab | -1",
        "\"a\":66 | \"a\":67 | /model/vocab | 67",
        "\"a\":66 | \"a\":\"x\" | /model/vocab | \"x\"",
        "\"merges\":[ | \"merges\":[\"a zz\", | /model/merges | \"a zz\"",
        "\"merges\":[ | \"merges\":[7, | /model/merges | 7",
        "\"merges\":[ | \"merges\":5,\"x\":[ | /model/merges | 5",
        "\"a\":66 | \"a\":66,\"a\":66 | line 1 | \"a\"",
        "\"version\" | version | line 1 | 'v'",
        "\"content\" | \"contents\" | /added_tokens | object",
        "\"end_of_word_suffix\":null | \"end_of_word_suffix\":\"</w>\""
            + " | /model/end_of_word_suffix | \"</w>\"",
      })
  void unsoundFilesAreRefused(String from, String to, String place, String value)
      throws IOException {
    String json = train(280, "low lower lowest low low newer new newest new wide wider widest ");
    assertTrue(json.contains(from), from);
    Files.writeString(folder.resolve("tokenizer.json"), json.replace(from, to));
    Exception e = assertThrows(IllegalArgumentException.class, () -> TextTokenizer.open(folder));
    String start = folder.resolve("tokenizer.json") + ": not a tokenizer: ";
    assertTrue(e.getMessage().startsWith(start), e.getMessage());
    assertTrue(e.getMessage().contains(place) && e.getMessage().contains(value), e.getMessage());
    assertFalse(e.getMessage().contains("\n"));
  }

  @Test
  void mergesMayBeListsOfTwo() throws IOException {
    String json = train(270, "low lower lowest low low newer new newest new wide wider widest ");
    int[] expected;
    try (TextTokenizer tokenizer = tokenizer(json)) {
      expected = tokenizer.encode("low new");
    }
    for (String merge : merges(json)) {
      json = json.replace("\"" + merge + "\"", "[\"" + merge.replace(" ", "\",\"") + "\"]");
    }
    try (TextTokenizer tokenizer = tokenizer(json)) {
      assertArrayEquals(expected, tokenizer.encode("low new"));
    }
  }
}
