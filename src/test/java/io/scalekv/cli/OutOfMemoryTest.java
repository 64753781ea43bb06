package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.model.MemoryNeed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A generation that does not fit: in formulas, and as a process with a small address space. */
final class OutOfMemoryTest {
  private static final int ADDRESS_SPACE_KIB = 2_600_000;
  private static final Pattern FITS = Pattern.compile("--batch fits up to (\\d+)");

  @TempDir Path folder;

  private record Ended(int code, String err) {}

  /** A model so narrow that the memory goes before the time does. */
  private Ended generate(int batch) throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> words =
        new ArrayList<>(
            List.of("sh", "-c", "ulimit -v " + ADDRESS_SPACE_KIB + "; exec \"$@\"", "sh", java));
    words.addAll(List.of("-XX:+UseSerialGC", "-Xmx256m", "-XX:CompressedClassSpaceSize=64m"));
    words.addAll(
        List.of("-XX:ReservedCodeCacheSize=64m", "-cp", System.getProperty("java.class.path")));
    words.addAll(List.of("io.scalekv.cli.Main", "generate", "--model", "infinity-2b"));
    words.addAll(List.of("--random-weights", "1,1x256x2,text=2", "--size"));
    words.addAll(List.of("0.06M", "--no-image", "--prompt", "x", "--quiet"));
    words.addAll(List.of("--seeds", "" + batch, "--batch", "" + batch, "--threads", "1"));
    Path err = folder.resolve("err" + batch);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    builder.environment().put("OMP_NUM_THREADS", "1");
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(err.toFile());
    int code = builder.start().waitFor();
    return new Ended(code, Files.readString(err, StandardCharsets.UTF_8));
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs ulimit -v")
  void theBatchThatIsNamedFits() throws IOException, InterruptedException {
    Ended tooMany = generate(1024);
    assertEquals(1, tooMany.code(), tooMany.err());
    Matcher named = FITS.matcher(tooMany.err());
    assertTrue(named.find(), tooMany.err());
    int fits = Integer.parseInt(named.group(1));
    assertTrue(fits >= 16 && fits < 1024, tooMany.err());
    Ended fewer = generate(fits);
    assertEquals(0, fewer.code(), fewer.err());
  }

  @Test
  void lineNamesTheBatchThatFits() {
    long mib = 1 << 20;
    MemoryNeed need = new MemoryNeed(100 * mib, 10 * mib, 5 * mib, 15 * mib);
    assertEquals(310 * mib, need.bytes(10));
    assertEquals(10, need.largestBatch(310 * mib));
    assertEquals(9, need.largestBatch(310 * mib - 1));
    assertEquals(0, need.largestBatch(100 * mib));
    RuntimeException e =
        new OutOfMemory(need, 64, 300 * mib)
            .judge(
                new IllegalStateException(
                    "wrapped", new RuntimeException("CUDA out of memory. Tried to allocate")));
    assertEquals(
        "out of memory: batch 64 needs up to 1390 MiB, got 300 MiB free; --batch fits up to 5",
        Failure.of(e).message());
    assertEquals(1, Failure.of(e).exitCode());
    RuntimeException none = new OutOfMemory(need, 64, 50 * mib).judge(e.getCause());
    assertTrue(none.getMessage().endsWith("or --dtype bf16 may fit"), none.getMessage());
    RuntimeException gpu = new OutOfMemory(need, 64, null).judge(e.getCause());
    assertTrue(gpu.getMessage().endsWith("try --batch 32"), gpu.getMessage());
  }

  @Test
  void otherErrorsStayThemselves() {
    OutOfMemory memory = new OutOfMemory(new MemoryNeed(1, 1, 1, 1), 2, 3L);
    RuntimeException other = new IllegalArgumentException("--size: 1M expected");
    assertEquals(other, memory.judge(other));
    assertFalse(OutOfMemory.is(other));
    assertTrue(OutOfMemory.is(new RuntimeException(new OutOfMemoryError())));
    String primitive = "RuntimeError: could not create a primitive";
    assertTrue(OutOfMemory.is(new RuntimeException(primitive)));
    assertFalse(OutOfMemory.is(new RuntimeException(primitive + " descriptor for a matmul")));
  }
}
