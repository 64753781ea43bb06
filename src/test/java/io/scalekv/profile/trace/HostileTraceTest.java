package io.scalekv.profile.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.profile.AttentionSource;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damaged recordings are refused with one line that names the file and the place. */
final class HostileTraceTest {
  private static final String PROMPT = "prompt-00001.safetensors";

  @TempDir Path folder;

  @BeforeEach
  void copy() throws IOException {
    copy("trace-var-tiny");
  }

  private void copy(String name) throws IOException {
    try (Stream<Path> files = Files.list(golden(name))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
  }

  private static Path golden(String name) {
    try {
      return Path.of(HostileTraceTest.class.getResource("/io/scalekv/parity/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Replaces the first place of a text in a file, byte by byte. */
  private void replace(String file, String from, String to) throws IOException {
    Path path = folder.resolve(file);
    String text = Files.readString(path, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(from);
    assertTrue(at >= 0, from);
    Files.writeString(
        path,
        text.substring(0, at) + to + text.substring(at + from.length()),
        StandardCharsets.ISO_8859_1);
  }

  private void refused(String file, String part) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> {
              RecordedAttention source = RecordedAttention.open(folder);
              source.replay(new int[] {0, 1}, 1, some -> List.of(), done -> {});
            });
    assertTrue(e.getMessage().startsWith(folder.resolve(file).toString()), e.getMessage());
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"layers\": 2|\"layers\": 3|missing 2.0.c.q",
        "\"layers\": 2|\"layers\": 1|unknown tensor",
        "\"layers\": 2|\"layers\": -1|/layers must be",
        "\"heads\": 3|\"heads\": 4|0.0.c.q must be F32 [4, 1, 16], got F32 [3, 1, 16]",
        "[6, 6]]|[6, 7]]|must be",
        "[6, 6]]|[6, 6], [8, 8]]|missing 0.5.c.q",
        "[6, 6]]|[6]]|/schedule/4 must be",
        "\"queries\": \"all\"|\"queries\": 7|missing 0.0.rows",
        "\"queries\": \"all\"|\"queries\": \"some\"|/queries must be",
        "\"values\": true|\"values\": false|unknown tensor",
        "\"values\": true|\"values\": 1|/values must be",
        "\"branches\": \"both\"|\"branches\": \"cond\"|unknown tensor",
        "\"guidance\": \"rows\"|\"guidance\": \"none\"|branches must be cond",
        "\"dtype\": \"float32\"|\"dtype\": \"float16\"|must be F16",
        "\"dtype\": \"float32\"|\"dtype\": \"float64\"|/dtype must be",
        "\"form\": \"tensors\"|\"form\": \"statistics\"|/file must be",
        "\"version\": 1|\"version\": 2|/version must be",
        "scalekv-trace|scalekv-traces|/format must be",
        "\"softmaxScale\": 1.0|\"softmaxScale\": 0|/softmaxScale must be",
        "\"guidanceStrength\": 4.0|\"rotaryReference\": [6]|rotaryReference must be",
        "\"index\": 1|\"index\": 0|/file must be",
        "class 1|class 2|metadata prompt must be class 2, got class 1",
        "prompt-00001.safetensors|../prompt.safetensors|/file must be",
        "\"torch\": \"2.15.0+cu132\",|``|/torch: missing",
        "\"torch\"|\"more\": 1, \"torch\"|/more: unknown key",
        "\"info\": {|\"info\": |not valid JSON",
      })
  void manifests(String from, String to, String part) throws IOException {
    replace(TraceManifest.FILE, from, to);
    refused("", part);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"1.3.c.k\"|\"1.5.c.k\"|missing 1.3.c.k",
        "\"1.3.c.k\"|\"1.3.c.q\"|Duplicate",
        "\"1.3.c.k\":{\"dtype\":\"F32\"|\"1.3.c.k\":{\"dtype\":\"I32\"|1.3.c.k must be F32",
        "[3,16,16]|`[3,4,64] `|must be F32 [3, 16, 16], got F32 [3, 4, 64]",
        "\"seed\":\"0\"|\"seed\":\"1\"|metadata seed must be 0, got 1",
      })
  void prompts(String from, String to, String part) throws IOException {
    replace(PROMPT, from, to);
    refused(PROMPT, part);
  }

  @Test
  void aTruncatedPrompt() throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(PROMPT));
    Files.write(folder.resolve(PROMPT), Arrays.copyOf(bytes, bytes.length - 8));
    refused(PROMPT, "inside the file");
  }

  @Test
  void anAbsentPrompt() throws IOException {
    Files.delete(folder.resolve(PROMPT));
    refused(TraceManifest.FILE, "missing " + PROMPT);
  }

  @Test
  void aNumberThatIsNone() throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(PROMPT));
    bytes[bytes.length - 1] = 0x7f;
    bytes[bytes.length - 2] = (byte) 0xc0;
    Files.write(folder.resolve(PROMPT), bytes);
    refused(PROMPT, "must be finite, got NaN");
  }

  @Test
  void noPromptAndNoFolder() throws IOException {
    Path file = folder.resolve(TraceManifest.FILE);
    String text = Files.readString(file);
    Files.writeString(file, text.substring(0, text.indexOf("\"prompts\"")) + "\"prompts\": []}");
    refused("", "must have a prompt");
    Files.delete(file);
    refused("", "trace.json is missing");
  }

  @Test
  void rowsThatComeTwice() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path f : files.toList()) {
        Files.delete(f);
      }
    }
    copy("trace-infinity-tiny");
    byte[] bytes = Files.readAllBytes(folder.resolve(PROMPT));
    System.arraycopy(bytes, bytes.length - 4, bytes, bytes.length - 8, 4);
    Files.write(folder.resolve(PROMPT), bytes);
    refused(PROMPT, "3.5.rows must be different positions below 144");
  }

  @Test
  void statisticsNameTheRecordingThatIsNeeded() throws IOException {
    AttentionSource source = RecordedAttention.open(golden("trace-var-tiny-statistics"));
    assertEquals(
        EnumSet.of(AttentionSource.Content.ALL_QUERIES, AttentionSource.Content.ROTATION),
        source.content());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> source.replay(new int[] {0}, 1, some -> List.of(), done -> {}));
    assertEquals("replay needs a recording with statistics=False", e.getMessage());
  }
}
