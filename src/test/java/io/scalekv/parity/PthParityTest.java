package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.WeightsFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Checkpoint files of the golden folder {@code pth}, one test per file: a file with tensors in
 * {@code expected.safetensors} loads bit for bit, every other one is refused. Names there are the
 * file's, a slash, and the tensor's; between them may stand the place of one of several state
 * dicts.
 */
class PthParityTest {
  private static final String EXPECTED = "expected.safetensors";
  private static final int LONGEST_MESSAGE = 600;

  @TestFactory
  Stream<DynamicTest> files() throws IOException {
    Path below = ParityFiles.folder().resolve("pth");
    Path folder = Files.isDirectory(below) ? below : ParityFiles.folder();
    if (!Files.isRegularFile(folder.resolve(EXPECTED))) {
      return Stream.empty();
    }
    Map<String, Map<String, String>> expected = expected(folder);
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(p -> isCheckpoint(folder, p)).sorted().toList().stream()
          .map(p -> test(folder, p, expected));
    }
  }

  /** Returns the golden names of each file by the names in the file. */
  private static Map<String, Map<String, String>> expected(Path folder) throws IOException {
    Map<String, Map<String, String>> expected = new TreeMap<>();
    try (TensorSource golden = SafetensorsFile.open(folder.resolve(EXPECTED))) {
      for (String name : golden.names()) {
        int end = 0;
        for (int at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) {
          end = Files.exists(folder.resolve(name.substring(0, at))) ? at : end;
        }
        expected
            .computeIfAbsent(name.substring(0, end), f -> new TreeMap<>())
            .put(name.substring(end + 1), name);
      }
    }
    return expected;
  }

  private static boolean isCheckpoint(Path folder, Path path) {
    return Files.isDirectory(path)
        ? !path.equals(folder) && sharded(path)
        : !path.equals(folder.resolve(EXPECTED)) && !sharded(path.getParent());
  }

  private static boolean sharded(Path folder) {
    try (Stream<Path> list = Files.list(folder)) {
      return list.anyMatch(p -> p.toString().endsWith(".index.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DynamicTest test(
      Path folder, Path path, Map<String, Map<String, String>> expected) {
    String name = folder.relativize(path).toString();
    return DynamicTest.dynamicTest(
        name,
        path.toUri(),
        () ->
            assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> {
                  if (expected.containsKey(name)) {
                    loads(folder, path, expected.get(name));
                  } else {
                    isRefused(path);
                  }
                }));
  }

  private static void loads(Path folder, Path path, Map<String, String> expected) {
    Map<String, Map<String, String>> places =
        expected.entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    e -> e.getKey().substring(0, Math.max(0, e.getKey().lastIndexOf('/'))),
                    TreeMap::new,
                    Collectors.toMap(
                        e -> e.getKey().substring(e.getKey().lastIndexOf('/') + 1),
                        Map.Entry::getValue)));
    places.forEach(
        (place, tensors) -> {
          try (TensorSource golden = SafetensorsFile.open(folder.resolve(EXPECTED));
              TensorSource source =
                  place.isEmpty()
                      ? TensorSource.open(path)
                      : ExpectedWeights.of("state dict", Map.of()).in(place).open(path)) {
            assertEquals(new TreeSet<>(tensors.keySet()), new TreeSet<>(source.names()));
            tensors.forEach((name, full) -> assertSame(golden, full, source, name));
          }
        });
  }

  private static void assertSame(TensorSource golden, String full, TensorSource got, String name) {
    TensorInfo expected = golden.info(full);
    TensorInfo info = got.info(name);
    assertArrayEquals(expected.shape(), info.shape(), full);
    if (info.type() == expected.type()) {
      assertArrayEquals(bytes(golden, full), bytes(got, name), full);
    } else if (expected.type() == StoredType.F32) {
      assertArrayEquals(golden.floats(full), got.floats(name), full);
    } else {
      assertEquals(StoredType.I64, expected.type(), full);
      assertArrayEquals(golden.longs(full), got.longs(name), full);
    }
  }

  private static byte[] bytes(TensorSource source, String name) {
    ByteBuffer bytes = ByteBuffer.allocate((int) source.info(name).byteLength());
    source.bytes(name).read(bytes, 0);
    return bytes.array();
  }

  private static void isRefused(Path path) {
    WeightsFileException e =
        assertThrows(
            WeightsFileException.class,
            () -> {
              try (TensorSource source = TensorSource.open(path)) {
                source.names().forEach(source::bytes);
              }
            });
    String message = e.getMessage();
    assertTrue(message.startsWith(path.toString()), message);
    assertTrue(message.lines().count() == 1 && message.length() < LONGEST_MESSAGE, message);
    assertFalse(message.contains("scalekv-pth-was-run"), message);
  }
}
