package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Golden files computed with the published PyTorch definitions, found by the prefix of their names
 * in one folder: the test resources, or another with {@code -Dparity.dir=FOLDER}.
 */
final class ParityFiles {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ParityFiles() {}

  private static boolean givenByUser() {
    String given = System.getProperty("parity.dir");
    return given != null && !given.isBlank();
  }

  /** The folder of the golden files. */
  static Path folder() {
    return givenByUser() ? Path.of(System.getProperty("parity.dir")) : resources();
  }

  static Path resources() {
    try {
      return Path.of(ParityFiles.class.getResource("/io/scalekv/parity").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One check of one file. */
  interface Check {
    void run(Path file, TensorSource tensors, NDManager scope);
  }

  /**
   * One reported test per file whose name fits. The test resources hold at least one of every kind;
   * a folder that the user names may hold any.
   */
  static Stream<DynamicTest> tests(Predicate<String> name, Check check) {
    try (Stream<Path> list = Files.list(folder())) {
      List<Path> files =
          list.filter(
                  p ->
                      name.test(p.getFileName().toString())
                          && p.toString().endsWith(".safetensors"))
              .sorted()
              .toList();
      assertTrue(!files.isEmpty() || givenByUser(), "no golden file of this kind in " + folder());
      return files.stream()
          .map(
              file ->
                  DynamicTest.dynamicTest(
                      file.getFileName().toString(),
                      () -> {
                        try (TensorSource tensors = SafetensorsFile.open(file);
                            NDManager scope = NDManager.newBaseManager("PyTorch")) {
                          check.run(file, tensors, scope);
                        }
                      }));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The golden tokenizer of that configuration, next to the given file or else in the test
   * resources.
   */
  static Path tokenizer(Path file, VaeConfig config) {
    for (Path folder : List.of(file.toAbsolutePath().getParent(), resources())) {
      try (Stream<Path> list = Files.list(folder)) {
        for (Path vae : list.sorted().toList()) {
          String name = vae.getFileName().toString();
          if (name.startsWith("vae-") && name.endsWith(".safetensors") && is(vae, config)) {
            return vae;
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    throw new AssertionError(file + ": no golden tokenizer of " + config + " to decode with");
  }

  private static boolean is(Path vae, VaeConfig config) {
    try (TensorSource t = SafetensorsFile.open(vae)) {
      return vaeConfig(json(t, "config")).equals(config);
    }
  }

  static JsonNode json(TensorSource t, String key) {
    return JSON.readTree(t.metadata().get(key));
  }

  /** The weights of the file, without the prefix. */
  static Weights weights(TensorSource t, NDManager scope) {
    Weights w = new Weights(scope);
    for (String name : t.names()) {
      if (name.startsWith("weights.") && !name.endsWith("lfq.mask")) {
        w.put(name.substring("weights.".length()), t.load(name, w.manager()));
      }
    }
    return w;
  }

  /** A schedule written as [[t,h,w],…]. */
  static ScaleSchedule schedule(JsonNode node) {
    List<TokenMap> maps = new ArrayList<>();
    node.forEach(n -> maps.add(new TokenMap(n.get(1).asInt(), n.get(2).asInt())));
    return new ScaleSchedule(maps);
  }

  /** A tokenizer's configuration as the golden files write it. */
  static VaeConfig vaeConfig(JsonNode n) {
    List<Integer> multipliers = new ArrayList<>();
    n.get("ch_mult").forEach(m -> multipliers.add(m.asInt()));
    int blocks = n.get("num_res_blocks").asInt();
    return new VaeConfig(
        n.get("codebook_dim").asInt(),
        n.get("patch_size").asInt(),
        n.get("base_ch").asInt(),
        multipliers,
        blocks,
        blocks + 1,
        32);
  }

  /** Largest absolute difference, with a clear failure above the limit. */
  static void assertClose(TensorSource t, String name, NDArray got, double limit) {
    float[] expected = t.floats(name);
    float[] actual = got.toFloatArray();
    assertTrue(
        expected.length == actual.length,
        () -> name + ": " + expected.length + " values expected, got " + got.getShape());
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = Math.abs((double) expected[i] - actual[i]);
      worst = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(worst, d);
    }
    double found = worst;
    assertTrue(found <= limit, () -> name + ": at most " + limit + " expected, got " + found);
  }

  /** Exact equality of integers held as floats. */
  static void assertSame(TensorSource t, String name, NDArray got) {
    int[] expected = t.ints(name);
    float[] actual = got.toFloatArray();
    assertTrue(expected.length == actual.length, () -> name + ": got " + got.getShape());
    for (int i = 0; i < expected.length; i++) {
      int at = i;
      assertTrue(
          expected[i] == actual[i],
          () -> name + "[" + at + "]: " + expected[at] + " expected, got " + actual[at]);
    }
  }

  /** Text embeddings of a file, whose prompts follow each other without padding. */
  static TextEmbeddings text(TensorSource t, NDManager scope) {
    float[] packed = t.floats("in.text_features");
    int[] lengths = t.ints("in.text_lens");
    int width = (int) t.info("in.text_features").shape()[1];
    float[][] rows = new float[lengths.length][];
    int at = 0;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(packed, at, at + lengths[i] * width);
      at += rows[i].length;
    }
    return TextEmbeddings.of(scope, width, rows);
  }
}
