package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many writers of one file, and what writers that were killed leave behind. */
final class AtomicFileTest {
  private static final long NOBODY = 4_194_305; // above the highest process id of Linux

  @TempDir private Path folder;

  @Test
  void whoeverWinsTheFileIsWhole() throws Exception {
    Path file = folder.resolve("a/b.bin");
    List<Thread> writers =
        IntStream.range(0, 8)
            .mapToObj(
                w ->
                    new Thread(
                        () -> {
                          byte[] bytes = new byte[100_000];
                          Arrays.fill(bytes, (byte) w);
                          try {
                            for (int i = 0; i < 20; i++) {
                              AtomicFile.write(file, bytes);
                            }
                          } catch (IOException e) {
                            throw new IllegalStateException(e);
                          }
                        }))
            .toList();
    writers.forEach(Thread::start);
    for (Thread writer : writers) {
      writer.join();
    }
    byte[] bytes = Files.readAllBytes(file);
    byte[] one = new byte[100_000];
    Arrays.fill(one, bytes[0]);
    assertArrayEquals(one, bytes);
    assertEquals(List.of("b.bin"), names(file.getParent()));
  }

  @Test
  void removesWhatDeadProcessesOfThisHostLeft() throws IOException {
    AtomicFile.write(folder.resolve("whole.json"), new byte[] {1});
    String mine = AtomicFile.part("x.json", ProcessHandle.current().pid());
    String dead = AtomicFile.part("y.json", NOBODY);
    List<String> kept = List.of(mine, ".z.json.another-host." + NOBODY + "-1.part", ".q.part");
    for (String name : kept) {
      Files.createFile(folder.resolve(name));
    }
    Files.createDirectory(folder.resolve("in"));
    Files.createFile(folder.resolve("in").resolve(dead));
    AtomicFile.removeLeft(folder);
    assertEquals(List.of(), names(folder.resolve("in")));
    assertTrue(names(folder).containsAll(kept));
    assertTrue(names(folder).contains("whole.json"));
    AtomicFile.removeLeft(folder.resolve("nothing"));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }
}
