package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.scalekv.image.Png;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher in a network namespace of its own, in which there is no network at all. */
@EnabledOnOs(
    value = OS.LINUX,
    disabledReason = "the network is taken away by unshare, which only Linux has")
final class NoNetworkTest {
  private static final int NO_NAMESPACE = 99;

  /** Only the loopback device, which is down, may be there. */
  private static final String SCRIPT =
      "[ \"$(grep -c : /proc/net/dev)\" = 1 ] || exit 99; exec \"$@\"";

  @TempDir Path folder;

  private void draw(Map<String, String> environment) throws Exception {
    Path out = folder.resolve("out");
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                "unshare",
                "-rn",
                "sh",
                "-c",
                SCRIPT,
                "sh",
                Path.of("scalekv").toAbsolutePath().toString(),
                "generate",
                "--prompt",
                "a large solid red circle at center on a plain blue background",
                "--threads",
                "1",
                "--quiet",
                "--out",
                out.toString()));
    builder.environment().remove("DJL_OFFLINE"); // the launcher says so itself
    builder.environment().putAll(environment);
    Path err = folder.resolve("err");
    int code =
        builder
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start()
            .waitFor();
    String said = Files.readString(err, StandardCharsets.UTF_8);
    assumeTrue(
        code != NO_NAMESPACE && !said.startsWith("unshare"),
        "this kernel or container gives no network namespace: " + said);
    assertEquals(0, code, said);
    assertEquals("", said);
    assertEquals(64, Png.read(out.resolve("p0000-s0.png")).width());
  }

  @Test
  void anImageIsDrawnWithoutANetwork() throws Exception {
    draw(Map.of());
  }

  /** The first start of all, when the native library is unpacked from its jar. */
  @Test
  @Tag("full")
  void theFirstStartNeedsNoNetworkEither() throws Exception {
    Path cache = Files.createDirectory(folder.resolve("cache"));
    draw(Map.of("DJL_CACHE_DIR", cache.toString(), "HOME", folder.toString()));
    try (var files = Files.list(cache)) {
      assertEquals(1, files.count(), "the engine unpacked itself there");
    }
  }
}
