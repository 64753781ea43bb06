package io.scalekv.vocabtrim.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.pair.ShippedPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts of chat logs against texts encoded one by one. */
final class TokenCounterTest {
  private static final String LINE =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"what\"}, {\"role\": \"assistant\","
          + " \"content\": \"%s\"}]}\n";

  @TempDir Path folder;

  private final TextTokenizer tokenizer =
      TextTokenizer.open(ShippedPair.folder().resolve("target"));

  private static Set<String> assistant() {
    return Set.of(ChatLog.ASSISTANT);
  }

  private Path log(int lines) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      text.append(LINE.formatted("answer " + i + " of the house, naïve 東京"));
    }
    Path file = folder.resolve("log" + lines + ".jsonl");
    Files.writeString(file, text);
    return file;
  }

  private long[] oneByOne(int lines) {
    long[] counts = new long[tokenizer.size()];
    for (int i = 0; i < lines; i++) {
      for (int id : tokenizer.encode("answer " + i + " of the house, naïve 東京")) {
        counts[id]++;
      }
    }
    return counts;
  }

  /** Several blocks, two threads, an interruption after the first block. */
  @Test
  void interruptedCountsContinueWithoutCountingTwice() throws IOException {
    int lines = 60_000;
    Path file = log(lines);
    assertTrue(Files.size(file) > 6 << 20);
    TokenCounter counter =
        new TokenCounter(tokenizer, new TokenCounter.Task(List.of(file), assistant(), 2));
    Path state = folder.resolve("state.json");
    assertThrows(
        IllegalStateException.class,
        () ->
            counter.count(
                state,
                at -> {
                  throw new IllegalStateException("stop");
                }));
    TokenCounter.State done = counter.count(state, at -> {});
    assertEquals(lines, done.texts());
    assertArrayEquals(oneByOne(lines), done.counts());
    long[] calls = {0};
    TokenCounter.State again = counter.count(state, at -> calls[0]++);
    assertEquals(0, calls[0]);
    assertArrayEquals(done.counts(), again.counts());
    // another task does not take over the counts
    Files.writeString(file, Files.readString(file) + LINE.formatted("more"));
    assertEquals(0, counter.saved(state).texts());
  }

  @Test
  void countsContinueFromASavedPlace() throws IOException {
    Path file = log(100);
    TokenCounter counter =
        new TokenCounter(tokenizer, new TokenCounter.Task(List.of(file), assistant(), 1));
    Path state = folder.resolve("state.json");
    TokenCounter.State fresh = counter.saved(state);
    long half =
        Files.readString(file)
            .lines()
            .limit(40)
            .mapToLong(l -> l.getBytes(java.nio.charset.StandardCharsets.UTF_8).length + 1)
            .sum();
    long[] first = oneByOne(40);
    TokenCounter.State saved =
        new TokenCounter.State(fresh.task(), 0, half, 40, Arrays.stream(first).sum(), 0, first);
    io.scalekv.io.AtomicFile.write(state, io.scalekv.io.Json.MAPPER.writeValueAsBytes(saved));
    TokenCounter.State done = counter.count(state, at -> {});
    assertEquals(100, done.texts());
    assertArrayEquals(oneByOne(100), done.counts());
  }

  @Test
  void everyShapeOfAChatLogIsRead() {
    String[] lines = {
      "{\"messages\": [{\"role\": \"assistant\", \"content\": \"yes\"}, {\"role\": \"system\","
          + " \"content\": \"no\"}]}",
      "{\"conversations\": [{\"from\": \"gpt\", \"value\": \"yes\"}, {\"from\": \"human\","
          + " \"value\": \"no\"}]}",
      "{\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"yes\"}]}",
      "{\"prompt\": \"no\", \"response\": \"yes\"}",
      "{\"text\": \"yes\"}"
    };
    for (String line : lines) {
      assertEquals(List.of("yes"), ChatLog.of(line, assistant()).texts(), line);
    }
    assertEquals(List.of("no"), ChatLog.of(lines[1], Set.of("user")).texts());
    assertEquals("cyrillic", ChatLog.of("{\"text\": \"да нет, hm\"}", assistant()).language());
    assertEquals("es", ChatLog.of("{\"text\": \"sí\", \"lang\": \"es\"}", assistant()).language());
    assertEquals(null, ChatLog.of("[1", assistant()));
  }

  @Test
  void plainTextIsCountedWhole() throws IOException {
    Path file = folder.resolve("plain.txt");
    String text = "the house\ufeff and the garden\n".repeat(4000);
    Files.writeString(file, "\ufeff" + text);
    TokenCounter.State done =
        new TokenCounter(tokenizer, new TokenCounter.Task(List.of(file), assistant(), 2))
            .count(folder.resolve("s.json"), at -> {});
    long[] counts = new long[tokenizer.size()];
    Arrays.stream(tokenizer.encode(text)).forEach(id -> counts[id]++);
    assertArrayEquals(counts, done.counts());
  }
}
