package io.scalekv.vocabtrim.pair;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.decode.DecodeOptions;
import io.scalekv.vocabtrim.decode.PlainDecoder;
import io.scalekv.vocabtrim.decode.SpeculativeDecoder;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import io.scalekv.vocabtrim.text.Domain;
import io.scalekv.vocabtrim.text.SpecialTokens;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Facts of the shipped pair, and exact greedy decoding with it. */
class ShippedPairTest {
  private static ModelPair pair;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    pair = ShippedPair.open();
  }

  @AfterAll
  static void close() {
    pair.close();
  }

  /** The first tokens of a document that the training never saw. */
  private static int[] prompt(int index) {
    SyntheticLanguage language = ShippedPair.language();
    Domain domain = Domain.values()[index % 3];
    int[] tokens = pair.tokenizer().encode(language.document(domain, index));
    int[] prompt = new int[11];
    prompt[0] = SpecialTokens.BEGIN;
    System.arraycopy(tokens, 0, prompt, 1, 10);
    return prompt;
  }

  @Test
  void isSmallAndWhole() throws IOException {
    assertEquals("toy", pair.name());
    assertEquals(8192, pair.tokenizer().size());
    assertEquals(8192, pair.target().vocabulary());
    assertEquals(1, ((Llama) pair.draft()).config().layers());
    assertEquals(Set.of(0, 1), pair.special());
    long bytes = 0;
    try (Stream<Path> files = Files.walk(ShippedPair.folder())) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        bytes += Files.size(file);
      }
    }
    assertTrue(bytes < 8_000_000, "bytes: " + bytes);
  }

  @Test
  void knowsItsLanguageTheTargetBetter() {
    List<int[]> documents = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      String text = ShippedPair.language().document(Domain.values()[i % 3], i);
      documents.add(pair.tokenizer().encode("<|begin_of_text|>" + text));
    }
    double target = loss(pair.target(), documents);
    double draft = loss((Llama) pair.draft(), documents);
    // a uniform guess costs ln 8192 = 9.0
    assertTrue(target < 3.2 && target < draft, "target " + target + ", draft model " + draft);
    assertTrue(draft < 3.5, "draft model " + draft);
  }

  /** Mean cross-entropy of all tokens but the first of each document, in nats. */
  private static double loss(Llama model, List<int[]> documents) {
    double[] sum = new double[2];
    model.logits(
        documents,
        (d, t, row) -> {
          if (t + 1 < documents.get(d).length) {
            double all = 0;
            for (float x : row) {
              all += Math.exp(x);
            }
            sum[0] += Math.log(all) - row[documents.get(d)[t + 1]];
            sum[1]++;
          }
        });
    return sum[0] / sum[1];
  }

  @Test
  void greedyLosesNothingOnFiftyFourPrompts() {
    BlockStatistics sum = BlockStatistics.none(3);
    int[] ids = IntStream.range(0, 8192).filter(i -> i < 300 || i % 4 == 0).toArray();
    try (LanguageModel trimmed = pair.draft().withHead(VocabularySubset.of(ids, 8192))) {
      DecodeOptions o = new DecodeOptions(3, 16, 0, Set.of(SpecialTokens.END));
      for (int i = 0; i < 54; i++) {
        int[] prompt = prompt(i);
        int[] alone = new PlainDecoder(pair.target()).generate(prompt, o, null);
        LanguageModel draft = i % 2 == 0 ? trimmed : pair.draft();
        SpeculativeDecoder.Generation g =
            new SpeculativeDecoder(pair.target(), draft).generate(prompt, o, null);
        assertArrayEquals(alone, g.tokens(), "prompt " + i);
        sum = sum.plus(g.statistics());
      }
    }
    assertTrue(sum.tau() > 1.2, "the draft model helps: " + sum.tau());
    assertTrue(sum.outside() > 0 && sum.wrong() > 0);
  }

  @Test
  void samplesDifferFromSeedToSeedAndRepeatForOne() {
    SpeculativeDecoder decoder = new SpeculativeDecoder(pair.target(), pair.draft());
    DecodeOptions o = new DecodeOptions(3, 24, 1, Set.of());
    int[] a = decoder.generate(prompt(3), o, new SplittableRandom(1)).tokens();
    assertArrayEquals(a, decoder.generate(prompt(3), o, new SplittableRandom(1)).tokens());
    int[] b = decoder.generate(prompt(3), o, new SplittableRandom(2)).tokens();
    assertTrue(!Arrays.equals(a, b));
  }

  @Test
  void twoTokenizersDoNotGoTogether() throws IOException {
    for (String name : new String[] {"target", "drafter"}) {
      Path from = ShippedPair.folder().resolve(name);
      Files.createDirectories(folder.resolve(name));
      for (String file : new String[] {"config.json", "model.safetensors"}) {
        Files.copy(from.resolve(file), folder.resolve(name).resolve(file));
      }
    }
    Path tokenizer = folder.resolve("target/tokenizer.json");
    Files.copy(ShippedPair.folder().resolve("target/tokenizer.json"), tokenizer);
    try (ModelPair same = ModelPair.open(folder)) {
      assertEquals(pair.hash(), same.hash());
    }
    String other = Files.readString(tokenizer).replaceFirst("\"version\":\"1.0\"", "$0 ");
    Files.writeString(folder.resolve("drafter/tokenizer.json"), other);
    Exception e = assertThrows(IllegalArgumentException.class, () -> ModelPair.open(folder));
    assertTrue(
        e.getMessage()
            .startsWith(folder.resolve("drafter") + " must have the target's tokenizer (sha256:"),
        e.getMessage());
  }
}
