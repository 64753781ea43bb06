package io.scalekv.vocabtrim.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Determinism of the synthetic language, Zipf's law, words of domains and topics. */
class SyntheticLanguageTest {
  private static final SyntheticLanguage LANGUAGE = new SyntheticLanguage(1);

  /** Invented words only: of five letters or more. */
  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher m = Pattern.compile("\\p{L}{5,}").matcher(text);
    while (m.find()) {
      words.add(m.group());
    }
    return words;
  }

  private static Map<String, Integer> counts(Domain domain, int from, int documents) {
    Map<String, Integer> counts = new HashMap<>();
    for (String d : LANGUAGE.documents(domain, from, documents)) {
      words(d).forEach(w -> counts.merge(w, 1, Integer::sum));
    }
    return counts;
  }

  @ParameterizedTest
  @EnumSource(Domain.class)
  void aDocumentDependsOnSeedDomainAndIndexAlone(Domain domain) {
    SyntheticLanguage same = new SyntheticLanguage(1);
    assertEquals(LANGUAGE.document(domain, 77), same.document(domain, 77));
    assertEquals(LANGUAGE.documents(domain, 70, 8).get(7), same.document(domain, 77));
    assertNotEquals(LANGUAGE.document(domain, 77), LANGUAGE.document(domain, 78));
    assertNotEquals(LANGUAGE.document(domain, 77), new SyntheticLanguage(2).document(domain, 77));
    assertEquals(domain, Domain.of(domain.key()));
  }

  @Test
  void thereAreAboutTwentyThousandWords() {
    assertTrue(Math.abs(LANGUAGE.words() - 19_000) <= 1000, "words: " + LANGUAGE.words());
  }

  /** On logarithmic scales frequency falls with rank, by a slope near that of the law. */
  @ParameterizedTest
  @EnumSource(Domain.class)
  void frequenciesFollowZipf(Domain domain) {
    List<Integer> sorted = new ArrayList<>(counts(domain, 0, 1500).values());
    sorted.sort(Collections.reverseOrder());
    double slope = Math.log((double) sorted.get(999) / sorted.get(9)) / Math.log(1000.0 / 10);
    assertTrue(slope < -0.6 && slope > -1.6, "slope " + slope);
    assertTrue(sorted.size() > 1500, "different words: " + sorted.size());
  }

  @Test
  void domainsHaveMostWordsToThemselves() {
    Map<String, Integer> writing = counts(Domain.WRITING, 0, 300);
    for (Domain other : List.of(Domain.MATH, Domain.CODING)) {
      double covered = 0;
      double all = 0;
      for (Map.Entry<String, Integer> e : counts(other, 0, 300).entrySet()) {
        all += e.getValue();
        covered += writing.containsKey(e.getKey()) ? e.getValue() : 0;
      }
      assertTrue(covered / all < 0.5, other + " covered by writing: " + covered / all);
      assertTrue(covered / all > 0.02, "but they share some: " + covered / all);
    }
    Map<String, Integer> more = counts(Domain.WRITING, 5000, 100);
    double covered = 0;
    double all = 0;
    for (Map.Entry<String, Integer> e : more.entrySet()) {
      all += e.getValue();
      covered += writing.containsKey(e.getKey()) ? e.getValue() : 0;
    }
    assertTrue(covered / all > 0.8, "writing covers itself: " + covered / all);
  }

  /** Two halves of a document share more words than halves of two documents. */
  @ParameterizedTest
  @EnumSource(Domain.class)
  void documentsKeepToTheirTopic(Domain domain) {
    int own = 0;
    int others = 0;
    List<String> documents = LANGUAGE.documents(domain, 0, 200);
    for (int i = 0; i < documents.size(); i++) {
      String next = documents.get((i + 1) % documents.size());
      String here = documents.get(i);
      Set<String> first = new HashSet<>(words(here.substring(0, here.length() / 2)));
      own += shared(first, here.substring(here.length() / 2));
      others += shared(first, next.substring(next.length() / 2));
    }
    assertTrue(own > 2 * others, own + " against " + others);
  }

  private static int shared(Set<String> first, String second) {
    Set<String> both = new HashSet<>(words(second));
    both.retainAll(first);
    return both.size();
  }

  @Test
  void sumsAreRight() {
    Pattern sum = Pattern.compile("(?<!\\S)(\\d+) ([+-]) (\\d+) = (\\d+)");
    int found = 0;
    for (String d : LANGUAGE.documents(Domain.MATH, 0, 100)) {
      Matcher m = sum.matcher(d);
      while (m.find()) {
        int a = Integer.parseInt(m.group(1));
        int b = Integer.parseInt(m.group(3));
        assertEquals(
            m.group(2).equals("+") ? a + b : a - b, Integer.parseInt(m.group(4)), m.group());
        found++;
      }
    }
    assertTrue(found > 50);
  }

  @Test
  void ranksHaveTheirProbabilities() {
    SyntheticLanguage.Zipf zipf = new SyntheticLanguage.Zipf(50, 1.2);
    SplittableRandom random = new SplittableRandom(4);
    int[] seen = new int[50];
    for (int i = 0; i < 200_000; i++) {
      seen[zipf.draw(random)]++;
    }
    double sum = 0;
    for (int r = 1; r <= 50; r++) {
      sum += Math.pow(r, -1.2);
    }
    for (int r : new int[] {1, 2, 10, 50}) {
      double expected = 200_000 * Math.pow(r, -1.2) / sum;
      assertEquals(expected, seen[r - 1], 5 * Math.sqrt(expected), "rank " + r);
    }
  }

  @Test
  void aTrainingNeverSeesHeldOutText() throws Exception {
    TextSource text = LANGUAGE;
    java.nio.file.Path folder = java.nio.file.Files.createTempDirectory("tokenizer");
    BytePairTrainer trainer = new BytePairTrainer();
    LANGUAGE.documents(Domain.MATH, 0, 50).forEach(trainer::add);
    java.nio.file.Path file = folder.resolve("tokenizer.json");
    java.nio.file.Files.writeString(file, trainer.train(600, SpecialTokens.TEXTS));
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      int[][] rows = text.rows(tokenizer, 5, 3, 4, 200);
      assertArrayEquals(rows, text.rows(tokenizer, 5, 3, 4, 200));
      assertFalse(java.util.Arrays.deepEquals(rows, text.rows(tokenizer, 5, 4, 4, 200)));
      assertFalse(java.util.Arrays.deepEquals(rows, text.rows(tokenizer, 6, 3, 4, 200)));
      Set<String> held = new HashSet<>();
      for (int[] row : text.heldOut(tokenizer, 30, 200)) {
        assertEquals(SpecialTokens.BEGIN, row[0]);
        assertEquals(200, row.length);
        held.add(tokenizer.decode(row));
      }
      assertEquals(30, held.size());
      assertTrue(
          held.stream().findFirst().isPresent() && held.contains(firstHeldOut(tokenizer)),
          "held-out rows are documents below the first of training");
    } finally {
      java.nio.file.Files.delete(file);
      java.nio.file.Files.delete(folder);
    }
  }

  private static String firstHeldOut(TextTokenizer tokenizer) {
    List<Integer> tokens = new ArrayList<>();
    for (long i = 0; tokens.size() < 200; i++) {
      Domain d = Domain.values()[(int) (i % 3)];
      for (int id : SpecialTokens.framed(tokenizer.encode(LANGUAGE.document(d, i)))) {
        tokens.add(id);
      }
    }
    return tokenizer.decode(tokens.stream().limit(200).mapToInt(i -> i).toArray());
  }
}
