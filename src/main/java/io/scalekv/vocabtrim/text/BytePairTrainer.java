package io.scalekv.vocabtrim.text;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Trainer of byte-level byte-pair encoding (Sennrich et al., arXiv 1508.07909, on bytes as in
 * GPT-2): text is split into words by GPT-2's pattern, words into bytes, and the most frequent pair
 * of neighbours becomes one token until the vocabulary is full. Ties go to the smaller pair of ids,
 * as in the Hugging Face library, whose file format is written. Ids: special tokens, 256 bytes by
 * their characters, merges.
 */
public final class BytePairTrainer {
  /** Split into words of GPT-2 and of the library's ByteLevel step. */
  private static final Pattern WORDS =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  private static final int LEAST_COUNT = 2;

  private final Map<String, int[]> counts = new HashMap<>();

  /** Counts the words of a text; special tokens must not be in it. */
  public void add(String text) {
    Matcher words = WORDS.matcher(text);
    while (words.find()) {
      counts.computeIfAbsent(words.group(), w -> new int[1])[0]++;
    }
  }

  /** Word as token ids, with its count in the text. */
  private static final class Word {
    private int[] ids;
    private final int count;

    Word(int[] ids, int count) {
      this.ids = ids;
      this.count = count;
    }
  }

  /** Pair of neighbours with its count at the time of queueing. */
  private record Pair(long ids, long count) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int byCount = Long.compare(other.count, count);
      return byCount != 0 ? byCount : Long.compare(ids, other.ids);
    }
  }

  /**
   * Trains a tokenizer.
   *
   * @param vocabulary most tokens; fewer if every pair left occurs once
   * @param special special tokens, which get the first ids
   * @return the text of a {@code tokenizer.json}
   */
  public String train(int vocabulary, List<String> special) {
    Require.atLeast("vocabulary of the tokenizer", vocabulary, special.size() + 256);
    List<String> tokens = new ArrayList<>(special);
    int[] byteIds = addBytes(tokens);
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      ids.put(tokens.get(id), id);
    }
    Word[] words = words(byteIds);
    Map<Long, long[]> pairCounts = new HashMap<>();
    Map<Long, Set<Integer>> where = new HashMap<>();
    for (int w = 0; w < words.length; w++) {
      count(words[w], w, 1, pairCounts, where);
    }
    PriorityQueue<Pair> queue = new PriorityQueue<>();
    pairCounts.forEach((pair, n) -> queue.add(new Pair(pair, n[0])));
    List<String> merges = new ArrayList<>();
    while (tokens.size() < vocabulary && !queue.isEmpty()) {
      Pair best = queue.poll();
      long now = pairCounts.getOrDefault(best.ids, new long[1])[0];
      if (now != best.count) {
        if (now >= LEAST_COUNT) {
          queue.add(new Pair(best.ids, now));
        }
        continue;
      }
      if (now < LEAST_COUNT) {
        break;
      }
      int left = (int) (best.ids >>> 32);
      int right = (int) best.ids;
      String text = tokens.get(left) + tokens.get(right);
      // two merges to the same text make one token
      int merged = ids.computeIfAbsent(text, t -> tokens.size());
      if (merged == tokens.size()) {
        tokens.add(text);
      }
      merges.add(tokens.get(left) + " " + tokens.get(right));
      Set<Long> changed = new HashSet<>();
      for (int w : where.remove(best.ids)) {
        count(words[w], w, -1, pairCounts, null);
        words[w].ids = merge(words[w].ids, left, right, merged);
        count(words[w], w, 1, pairCounts, where);
        neighbours(words[w].ids, merged, changed);
      }
      pairCounts.remove(best.ids);
      changed.forEach(pair -> queue.add(new Pair(pair, pairCounts.get(pair)[0])));
    }
    return json(tokens, merges, special);
  }

  private static int[] addBytes(List<String> tokens) {
    Integer[] order = new Integer[256];
    Arrays.setAll(order, b -> b);
    Arrays.sort(order, (a, b) -> Character.compare(ByteAlphabet.symbol(a), ByteAlphabet.symbol(b)));
    int[] ids = new int[256];
    for (int b : order) {
      ids[b] = tokens.size();
      tokens.add(String.valueOf(ByteAlphabet.symbol(b)));
    }
    return ids;
  }

  private Word[] words(int[] byteIds) {
    List<String> sorted = new ArrayList<>(counts.keySet());
    sorted.sort(null);
    Word[] words = new Word[sorted.size()];
    for (int w = 0; w < words.length; w++) {
      byte[] bytes = sorted.get(w).getBytes(StandardCharsets.UTF_8);
      int[] ids = new int[bytes.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = byteIds[bytes[i] & 0xff];
      }
      words[w] = new Word(ids, counts.get(sorted.get(w))[0]);
    }
    return words;
  }

  private static void count(
      Word word, int index, int sign, Map<Long, long[]> counts, Map<Long, Set<Integer>> where) {
    for (int i = 0; i + 1 < word.ids.length; i++) {
      long pair = pair(word.ids[i], word.ids[i + 1]);
      counts.computeIfAbsent(pair, p -> new long[1])[0] += (long) sign * word.count;
      if (where != null) {
        where.computeIfAbsent(pair, p -> new HashSet<>()).add(index);
      }
    }
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  private static int[] merge(int[] ids, int left, int right, int merged) {
    int[] out = new int[ids.length];
    int n = 0;
    for (int i = 0; i < ids.length; i++) {
      if (i + 1 < ids.length && ids[i] == left && ids[i + 1] == right) {
        out[n++] = merged;
        i++;
      } else {
        out[n++] = ids[i];
      }
    }
    return Arrays.copyOf(out, n);
  }

  private static void neighbours(int[] ids, int merged, Set<Long> changed) {
    for (int i = 0; i + 1 < ids.length; i++) {
      if (ids[i] == merged || ids[i + 1] == merged) {
        changed.add(pair(ids[i], ids[i + 1]));
      }
    }
  }

  private static String json(List<String> tokens, List<String> merges, List<String> special) {
    ObjectNode all = Json.MAPPER.createObjectNode().put("version", "1.0");
    all.putNull("truncation").putNull("padding");
    ArrayNode added = all.putArray("added_tokens");
    for (int id = 0; id < special.size(); id++) {
      BytePairJson.putToken(added.addObject(), id, special.get(id), true);
    }
    all.putNull("normalizer");
    BytePairJson.putByteLevel(all.putObject("pre_tokenizer"), false, true);
    BytePairJson.putByteLevel(all.putObject("post_processor"), true, true);
    BytePairJson.putByteLevel(all.putObject("decoder"), true, true);
    ObjectNode model = all.putObject("model").put("type", "BPE");
    for (String absent :
        List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
      model.putNull(absent);
    }
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocabulary.put(tokens.get(id), id);
    }
    ArrayNode list = model.putArray("merges");
    merges.forEach(list::add);
    return Json.MAPPER.writeValueAsString(all) + "\n";
  }
}
