package io.scalekv.profile.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.ndarray.NDArray;
import io.scalekv.io.Python;
import io.scalekv.io.TextFile;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import io.scalekv.profile.QuerySampler;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The recorder for PyTorch against a small attention stack: the scenarios of {@code
 * recorder_scenarios.py}, run in one process, and what they recorded, read here.
 */
@Tag("pytorch")
final class RecorderTest {
  private static final Path SCRIPTS = Path.of("src/test/resources/io/scalekv/profile/trace");

  @TempDir static Path folder;

  private static final Map<String, JsonNode> FAILURES = new TreeMap<>();

  @BeforeAll
  static void record() throws Exception {
    Files.writeString(
        folder.resolve("record.py"),
        TextFile.resource(TraceManifest.class, "record.py").orElseThrow());
    for (String script : List.of("attention_stack.py", "recorder_scenarios.py")) {
      Files.copy(SCRIPTS.resolve(script), folder.resolve(script));
    }
    Python.run(List.of("torch"), folder.resolve("recorder_scenarios.py"), folder)
        .lines()
        .map(JsonMapper.shared()::readTree)
        .forEach(line -> FAILURES.put(line.get("name").asString(), line.get("failure")));
  }

  @TestFactory
  Stream<DynamicTest> scenarios() {
    assertTrue(FAILURES.size() > 20, FAILURES.keySet().toString());
    return FAILURES.entrySet().stream()
        .map(
            e ->
                dynamicTest(
                    e.getKey().replace('_', ' '),
                    () -> assertTrue(e.getValue().isNull(), e.getValue()::asString)));
  }

  private static AttentionProfile profile(String name) throws IOException {
    RecordedAttention source = RecordedAttention.open(folder.resolve(name));
    ProfileOptions options = ProfileOptions.defaults().withQuerySamples(ProfileOptions.ALL - 1);
    return source
        .statistics()
        .orElseGet(
            () ->
                Measurements.of(source, source.sampling(options), Map.of(), 1, done -> {}, 0, 1)
                    .profile());
  }

  /** Statistics computed in PyTorch, and here from the tensors of the same generation. */
  @ParameterizedTest
  @CsvSource({"all, all-statistics", "rows, rows-statistics", "passes, passes-statistics"})
  void statisticsAreThoseOfTheTensors(String tensors, String statistics) throws IOException {
    AttentionProfile here = profile(tensors);
    AttentionProfile there = profile(statistics);
    assertTrue(there.prompts().stream().allMatch(PromptStatistics::guided));
    for (int i = 0; i < 2; i++) {
      for (Branch branch : Branch.values()) {
        for (int l = 0; l < here.geometry().layers(); l++) {
          for (int k = 0; k < here.geometry().scales(); k++) {
            for (int h = 0; h <= here.geometry().heads(); h++) {
              String place = branch + " layer " + l + " scale " + (k + 1) + " head " + h;
              for (HeadStatistic s : HeadStatistic.values()) {
                assertEquals(
                    here.prompts().get(i).value(branch, s, l, k, h),
                    there.prompts().get(i).value(branch, s, l, k, h),
                    1e-5,
                    place + " " + s);
              }
              for (int source = 0; source < here.geometry().scales(); source++) {
                assertEquals(
                    here.prompts().get(i).sourceMass(branch, l, k, h, source),
                    there.prompts().get(i).sourceMass(branch, l, k, h, source),
                    1e-6,
                    place + " source " + source);
              }
            }
          }
        }
      }
    }
  }

  /** One tensor of every call by its place. */
  private static Map<String, float[]> tensors(String name) throws IOException {
    Map<String, float[]> all = new TreeMap<>();
    RecordedAttention source = RecordedAttention.open(folder.resolve(name));
    source.replay(
        new int[] {0, 1},
        1,
        some ->
            List.<AttentionTap>of(
                (site, q, k, v) -> {
                  String place = some[0] + "." + site.layer() + "." + site.scale() + ".";
                  for (int b = 0; b < q.getShape().get(0); b++) {
                    put(all, place + b + ".q", q.get(b));
                    put(all, place + b + ".k", k.get(b));
                    put(all, place + b + ".v", v.get(b));
                  }
                }),
        done -> {});
    return all;
  }

  private static void put(Map<String, float[]> all, String place, NDArray x) {
    all.put(place, x.toFloatArray());
    x.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"batch", "passes", "uncond-first", "xformers"})
  void theSameAttentionIsRecordedEveryWay(String name) throws IOException {
    Map<String, float[]> wanted = tensors("all");
    Map<String, float[]> found = tensors(name);
    assertEquals(wanted.keySet(), found.keySet());
    wanted.forEach((place, values) -> assertArrayEquals(values, found.get(place), 1e-4f, place));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ends", "ends-first"})
  void guidanceThatEndsHasOneBranchAfterwards(String name) throws IOException {
    Map<String, float[]> found = tensors(name);
    assertTrue(found.containsKey("1.2.1.1.q"));
    assertTrue(!found.containsKey("1.2.2.1.q") && found.containsKey("1.2.2.0.q"));
    assertArrayEquals(tensors("all").get("1.2.1.1.q"), found.get("1.2.1.1.q"), 1e-4f);
    assertTrue(
        Double.isNaN(
            profile(name)
                .prompts()
                .get(0)
                .value(Branch.UNCONDITIONAL, HeadStatistic.ENTROPY, 0, 2, 0)));
  }

  @Test
  void rowsAreThoseThatCalibrateDraws() throws IOException {
    RecordedAttention source = RecordedAttention.open(folder.resolve("rows"));
    source.replay(
        new int[] {1},
        1,
        some ->
            List.<AttentionTap>of(
                (site, q, k, v) ->
                    assertArrayEquals(
                        QuerySampler.draw(
                            0,
                            1,
                            site.layer(),
                            site.scale(),
                            site.schedule().tokens(site.scale()),
                            5),
                        site.sampled())),
        done -> {});
  }

  @Test
  void everyFolderIsRead() throws IOException {
    try (Stream<Path> folders = Files.list(folder)) {
      for (Path f : folders.filter(p -> Files.exists(p.resolve("trace.json"))).toList()) {
        TraceSummary summary = TraceSummary.of(f);
        assertTrue(summary.checkError() < 0.05, f + ": " + summary.checkError());
        assertTrue(summary.bytes() > 0);
      }
    }
    assertEquals(
        StoredType.BF16,
        RecordedAttention.open(folder.resolve("fsdp")).manifest().recording().type());
  }
}
