package io.scalekv.vocabtrim.train;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.BatchDecoder;
import io.scalekv.vocabtrim.lm.BatchDecoder.Text;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.text.ChatPrompts;
import io.scalekv.vocabtrim.text.ChatTemplate;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorData;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Greedy answers of a target to prompts, with the inputs of its output head, in a folder of one
 * file per batch: {@code lengths} [N,3] (prompt, answer, whether a stop token ended it), {@code
 * tokens} of all texts, {@code states} [·,C] (bfloat16) after every token but the last of each
 * text.
 */
public final class TargetTexts {
  private static final String ENDING = ".safetensors";

  private TargetTexts() {}

  /**
   * Returns batches of the prompts for calibration by domain, in a seeded order.
   *
   * @param rows texts of a batch
   */
  public static Map<String, List<List<int[]>>> batches(
      TextTokenizer tokenizer,
      ChatTemplate template,
      List<ChatPrompts> prompts,
      int rows,
      long seed) {
    Map<String, List<List<int[]>>> batches = new LinkedHashMap<>();
    for (ChatPrompts p : prompts) {
      List<int[]> own = ChatPrompts.tokens(tokenizer, template, p.calibration());
      List<List<int[]>> all = new ArrayList<>(ChatPrompts.batches(own, rows));
      Collections.shuffle(all, new Random(seed));
      batches.put(p.domain(), all);
    }
    return batches;
  }

  /**
   * Generates texts until there are enough, domains in turn; batches that exist are not generated
   * again.
   *
   * @param batches of prompts by domain
   * @param folder of the files
   * @param newTokens most tokens of an answer
   * @param tokens of all answers together, about
   */
  public static void generate(
      Llama target,
      Map<String, List<List<int[]>>> batches,
      Path folder,
      int newTokens,
      long tokens,
      Consumer<String> log)
      throws IOException {
    Files.createDirectories(folder);
    BatchDecoder decoder =
        new BatchDecoder(target, newTokens, Set.copyOf(target.config().eos()), true);
    long made = 0;
    long start = System.nanoTime();
    long before = -1;
    int most = batches.values().stream().mapToInt(List::size).max().orElseThrow();
    for (int b = 0; b < most; b++) {
      for (String domain : batches.keySet()) {
        if (b >= batches.get(domain).size() || made >= tokens) {
          continue;
        }
        String name = String.format(Locale.ROOT, "%s-%04d", domain, b);
        Path file = folder.resolve(name + ENDING);
        if (Files.exists(file)) {
          made += answered(read(file));
          continue;
        }
        before = before < 0 ? made : before;
        List<Text> texts = decoder.generate(batches.get(domain).get(b));
        write(file, target.config().width(), texts);
        made += answered(texts);
        double rate = (made - before) / ((System.nanoTime() - start) / 1e9);
        log.accept(
            String.format(
                Locale.ROOT,
                "target's texts: %d of %d tokens, %.0f tokens/s, about %.0f min left",
                made,
                tokens,
                rate,
                Math.max(0, tokens - made) / rate / 60));
      }
    }
  }

  private static void write(Path file, int width, List<Text> texts) {
    int all = texts.stream().mapToInt(t -> t.prompt().length + t.tokens().length).sum();
    int[] lengths = new int[3 * texts.size()];
    int[] tokens = new int[all];
    float[] states = new float[(all - texts.size()) * width];
    int at = 0;
    for (int t = 0; t < texts.size(); t++) {
      Text text = texts.get(t);
      int n = text.prompt().length;
      int m = text.tokens().length;
      lengths[3 * t] = n;
      lengths[3 * t + 1] = m;
      lengths[3 * t + 2] = text.stopped() ? 1 : 0;
      System.arraycopy(text.prompt(), 0, tokens, at, n);
      System.arraycopy(text.tokens(), 0, tokens, at + n, m);
      System.arraycopy(text.states(), 0, states, (at - t) * width, text.states().length);
      at += n + m;
    }
    Map<String, TensorData> arrays = new LinkedHashMap<>();
    arrays.put("lengths", TensorData.of(lengths, texts.size(), 3));
    arrays.put("tokens", TensorData.of(tokens, all));
    arrays.put("states", TensorData.of(states, all - texts.size(), width));
    SafetensorsWriter.writeData(file, arrays, StoredType.BF16, Map.of());
  }

  /** Returns the files of a folder, ordered by name; those of one domain if it is given. */
  public static List<Path> files(Path folder, String domain) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(f -> f.getFileName().toString().endsWith(ENDING))
          .filter(f -> domain == null || f.getFileName().toString().startsWith(domain + "-"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
  }

  /** Returns the tokens of all answers in a folder. */
  public static long tokens(Path folder) {
    return files(folder, null).stream().mapToLong(f -> answered(read(f))).sum();
  }

  private static long answered(List<Text> texts) {
    return texts.stream().mapToLong(t -> t.tokens().length).sum();
  }

  /** Returns the texts of a file without their states. */
  public static List<Text> read(Path file) {
    try (TensorSource source = SafetensorsFile.open(file)) {
      long[] lengths = source.longs("lengths");
      long[] tokens = source.longs("tokens");
      List<Text> texts = new ArrayList<>();
      int at = 0;
      for (int t = 0; t < lengths.length / 3; t++) {
        int n = (int) lengths[3 * t];
        int m = (int) lengths[3 * t + 1];
        int[] own = Arrays.stream(tokens, at, at + n + m).mapToInt(i -> (int) i).toArray();
        boolean stopped = lengths[3 * t + 2] == 1;
        texts.add(
            new Text(Arrays.copyOf(own, n), Arrays.copyOfRange(own, n, n + m), stopped, null));
        at += n + m;
      }
      Require.that(at == tokens.length, "%s: tokens must be %d, got %d", file, at, tokens.length);
      return texts;
    }
  }
}
