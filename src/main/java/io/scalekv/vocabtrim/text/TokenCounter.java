package io.scalekv.vocabtrim.text;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/**
 * Counter of the tokens of chat logs (JSON lines, see {@link ChatLog}) and plain text. Blocks of
 * lines are counted in parallel, a few at a time, so memory does not depend on the size of the
 * files; every few seconds the counts and the place in the files are saved, and the same call
 * continues from there.
 */
public final class TokenCounter {
  private static final int BLOCK = 1 << 22;
  private static final int LONGEST_LINE = 1 << 28;
  private static final int PIECE = 1 << 16;
  private static final long SAVE_NANOS = 5_000_000_000L;

  /**
   * What to count.
   *
   * @param files in this order
   */
  public record Task(List<Path> files, Set<String> roles, int threads) {
    /** Copies the collections. */
    public Task {
      files = List.copyOf(files);
      roles = Set.copyOf(roles);
    }

    /** Returns the bytes of all files. */
    public long bytes() throws IOException {
      long bytes = 0;
      for (Path file : files) {
        Require.that(Files.isRegularFile(file), "missing text file %s", file);
        bytes += Files.size(file);
      }
      return bytes;
    }

    private String hash(TextTokenizer tokenizer) throws IOException {
      StringBuilder text =
          new StringBuilder(tokenizer.hash()).append(new java.util.TreeSet<>(roles));
      for (Path file : files) {
        text.append(file.toAbsolutePath().normalize()).append(' ').append(Files.size(file));
        text.append(' ').append(Sha256.of(ends(file))).append('\n');
      }
      return Sha256.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the begin and the end of a file. */
    private static byte[] ends(Path file) throws IOException {
      try (FileChannel channel = FileChannel.open(file)) {
        ByteBuffer begin = ByteBuffer.allocate(2 * PIECE).limit(PIECE);
        channel.read(begin, 0);
        channel.read(begin.limit(2 * PIECE), Math.max(0, channel.size() - PIECE));
        return Arrays.copyOf(begin.array(), begin.position());
      }
    }
  }

  /**
   * Counts so far; the final ones if {@code file} is the number of files.
   *
   * @param task hash of the task
   * @param file index of the file to continue with
   * @param offset byte of that file to continue at
   * @param skippedLines lines that are not JSON objects
   * @param counts by token, [V]
   */
  public record State(
      String task,
      int file,
      long offset,
      long texts,
      long tokens,
      long skippedLines,
      long[] counts) {
    /** Returns the bytes that are counted. */
    public long bytesBefore(Task task) throws IOException {
      long bytes = offset;
      for (int i = 0; i < file; i++) {
        bytes += Files.size(task.files().get(i));
      }
      return bytes;
    }

    private State plus(State block) {
      long[] sum = counts;
      for (int id = 0; id < sum.length; id++) {
        sum[id] = Numbers.sum("counts of token " + id, sum[id], block.counts[id]);
      }
      return new State(
          task,
          file,
          block.offset,
          texts + block.texts,
          Numbers.sum("tokens", tokens, block.tokens),
          skippedLines + block.skippedLines,
          sum);
    }
  }

  private final TextTokenizer tokenizer;
  private final Task task;

  /** Creates a counter, which does not own the tokenizer. */
  public TokenCounter(TextTokenizer tokenizer, Task task) {
    this.tokenizer = tokenizer;
    this.task = task;
  }

  /** Returns the saved state of this task; empty counts if there is none or it is of another. */
  public State saved(Path state) throws IOException {
    String hash = task.hash(tokenizer);
    if (Files.isRegularFile(state)) {
      State saved = Json.read(state, State.class);
      if (saved.task().equals(hash) && saved.counts().length == tokenizer.size()) {
        return saved;
      }
    }
    return new State(hash, 0, 0, 0, 0, 0, new long[tokenizer.size()]);
  }

  /**
   * Counts everything that the saved state has not.
   *
   * @param file saved state, replaced every few seconds
   * @param progress takes the bytes that were read, after every block
   */
  public State count(Path file, LongConsumer progress) throws IOException {
    State state = saved(file);
    ExecutorService workers =
        Executors.newFixedThreadPool(
            task.threads(),
            r -> {
              Thread t = new Thread(r, "token-counter");
              t.setDaemon(true);
              return t;
            });
    try {
      long before = 0;
      for (int i = 0; i < task.files().size(); i++) {
        if (i == state.file()) {
          state = countFile(i, before, state, file, workers, progress);
        }
        before += Files.size(task.files().get(i));
      }
      save(file, state);
      return state;
    } finally {
      workers.shutdownNow();
    }
  }

  private State countFile(
      int index,
      long before,
      State begin,
      Path file,
      ExecutorService workers,
      LongConsumer progress)
      throws IOException {
    State state = begin;
    long savedAt = System.nanoTime();
    try (FileChannel channel = FileChannel.open(task.files().get(index))) {
      boolean json = isJson(channel);
      ArrayDeque<Future<State>> running = new ArrayDeque<>();
      long at = state.offset();
      while (at < channel.size() || !running.isEmpty()) {
        while (at < channel.size() && running.size() < task.threads() + 1) {
          byte[] lines = lines(channel, at);
          at += lines.length;
          long end = at;
          running.add(workers.submit(() -> block(lines, end, json)));
        }
        state = state.plus(result(running.remove()));
        progress.accept(before + state.offset());
        if (System.nanoTime() - savedAt > SAVE_NANOS) {
          save(file, state);
          savedAt = System.nanoTime();
        }
      }
    }
    return new State(
        state.task(),
        index + 1,
        0,
        state.texts(),
        state.tokens(),
        state.skippedLines(),
        state.counts());
  }

  private static State result(Future<State> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException r ? r : new IllegalStateException(e);
    }
  }

  private static void save(Path file, State state) throws IOException {
    AtomicFile.write(file, Json.MAPPER.writeValueAsBytes(state));
  }

  private static boolean isJson(FileChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(64);
    channel.read(head, 0);
    String text = new String(head.array(), 0, head.position(), StandardCharsets.UTF_8);
    return text.replace("\ufeff", "").strip().startsWith("{");
  }

  /** Returns whole lines of about {@link #BLOCK} bytes from a byte on. */
  private byte[] lines(FileChannel channel, long from) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int size = BLOCK;
    while (true) {
      ByteBuffer part =
          ByteBuffer.allocate((int) Math.min(size, channel.size() - from - all.size()));
      while (part.hasRemaining() && channel.read(part, from + all.size() + part.position()) > 0) {
        // read on
      }
      boolean end = from + all.size() + part.position() >= channel.size();
      for (int i = part.position() - 1; i >= 0 && !end; i--) {
        if (part.get(i) == '\n') {
          all.write(part.array(), 0, i + 1);
          return all.toByteArray();
        }
      }
      all.write(part.array(), 0, part.position());
      if (end) {
        return all.toByteArray();
      }
      Require.that(all.size() <= LONGEST_LINE, "a line must have at most %d bytes", LONGEST_LINE);
    }
  }

  /** Counts whole lines that end before a byte of their file. */
  private State block(byte[] bytes, long end, boolean json) {
    long[] counts = new long[tokenizer.size()];
    long[] seen = new long[3];
    String read = new String(bytes, StandardCharsets.UTF_8);
    String text = read.startsWith("\ufeff") ? read.substring(1) : read;
    if (!json) {
      for (int from = 0; from < text.length(); ) {
        int to =
            from + PIECE >= text.length()
                ? text.length()
                : text.lastIndexOf('\n', from + PIECE) + 1;
        to = to <= from ? Math.min(text.length(), from + PIECE) : to;
        seen[0]++;
        seen[1] += tokenizer.count(text.substring(from, to), counts);
        from = to;
      }
      return new State("", 0, end, seen[0], seen[1], 0, counts);
    }
    text.lines()
        .filter(line -> !line.isBlank())
        .forEach(
            line -> {
              ChatLog log = ChatLog.of(line, task.roles());
              seen[2] += log == null ? 1 : 0;
              for (String t : log == null ? List.<String>of() : log.texts()) {
                seen[0]++;
                seen[1] += tokenizer.count(t, counts);
              }
            });
    return new State("", 0, end, seen[0], seen[1], seen[2], counts);
  }

  /** Counts small files by language: a field of the line, otherwise its script. */
  public Map<String, long[]> byLanguage() throws IOException {
    Map<String, long[]> counts = new TreeMap<>();
    for (Path file : task.files()) {
      Require.that(Files.isRegularFile(file), "missing text file %s", file);
      try (FileChannel channel = FileChannel.open(file)) {
        boolean json = isJson(channel);
        for (String line :
            new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\\R")) {
          List<String> plain = List.of(line);
          ChatLog log =
              json ? ChatLog.of(line, task.roles()) : new ChatLog(plain, ChatLog.script(plain));
          if (log != null) {
            for (String text : log.texts()) {
              long[] of = counts.computeIfAbsent(log.language(), l -> new long[tokenizer.size()]);
              tokenizer.count(text, of);
            }
          }
        }
      }
    }
    counts.values().removeIf(c -> Arrays.stream(c).sum() == 0);
    return counts;
  }
}
