package io.scalekv.profile.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.Allocation;
import io.scalekv.cache.Budget;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.RoleClassifier;
import io.scalekv.roles.Roles;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.JsonNodeFactory;

/** Recordings written here are replayed bit for bit. */
final class TraceWriterTest {
  private static final Geometry GEOMETRY = new Geometry(3, 2, 4);
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3);

  private static final CalibrationRun.Options OPTIONS =
      new CalibrationRun.Options(
          ProfileOptions.defaults().withQuerySamples(5),
          LayerStatistic.ASI,
          new Budget.Tokens(1),
          null,
          new Allocation.Released(),
          RoleClassifier.of("rank", OptionalInt.of(3), 0),
          0,
          false,
          0,
          Set.of());

  @TempDir Path base;

  private Path folder;

  @BeforeEach
  void make() {
    folder = base.resolve("traces");
  }

  private static TraceRecording recording(int queries) {
    return new TraceRecording(
        TraceRecording.Form.TENSORS,
        "fake",
        "fake",
        GEOMETRY,
        0.5,
        SCHEDULE,
        TraceRecording.Guidance.ROWS,
        TraceRecording.Branches.BOTH,
        queries,
        true,
        StoredType.F32,
        0,
        JsonNodeFactory.instance.objectNode().put("guidanceStrength", 3.0));
  }

  /** Random numbers of two guided images, each tensor from its place alone. */
  private static void generate(NDManager manager, AttentionTap tap) {
    for (int s = 0; s < SCHEDULE.scales(); s++) {
      for (int l = 0; l < GEOMETRY.layers(); l++) {
        NDArray q = random(manager, l, 1, SCHEDULE.tokensBefore(s), SCHEDULE.tokensBefore(s + 1));
        NDArray k = random(manager, l, 2, 0, SCHEDULE.tokensBefore(s + 1));
        NDArray v = random(manager, l, 3, 0, SCHEDULE.tokensBefore(s + 1));
        tap.attend(new AttentionSite(l, s, SCHEDULE, 2, 0.5), q, k, v);
      }
    }
  }

  /** Tokens of a layer [4,H,n,D]; kind 1 is q, 2 k, 3 v. */
  private static NDArray random(NDManager manager, int layer, int kind, int from, int to) {
    NDArray all =
        manager
            .arange(0, 4 * 2 * SCHEDULE.totalTokens() * 4, 1, DataType.FLOAT32)
            .add(layer * 1000 + kind)
            .sin()
            .reshape(new Shape(4, 2, SCHEDULE.totalTokens(), 4));
    return all.get(new NDIndex(":,:,{}:{}", from, to));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.sorted().toList();
    }
  }

  private TraceWriter record(int queries) throws IOException {
    TraceWriter writer = TraceWriter.open(folder, recording(queries), "2.7.1");
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TraceWriter.Generation generation =
            writer.record(
                List.of(TraceWriter.prompt(0, "a \"cat\"\n", 5), TraceWriter.prompt(1, "", 6)))) {
      generate(manager, generation);
      generation.finish();
    }
    return writer;
  }

  @ParameterizedTest
  @ValueSource(ints = {ProfileOptions.ALL, 5})
  void replayGivesTheRecordedTensors(int queries) throws IOException {
    record(queries);
    RecordedAttention source = RecordedAttention.open(folder);
    assertEquals(recording(queries), source.manifest().recording());
    assertEquals(queries == ProfileOptions.ALL, source.manifest().recording().allQueries());
    assertEquals("a \"cat\"\n", source.manifest().prompts().get(0).prompt());
    List<String> seen = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      source.replay(
          new int[] {1, 0},
          1,
          some ->
              List.<AttentionTap>of(
                  (site, q, k, v) -> {
                    seen.add(some[0] + " " + site.layer() + " " + site.scale());
                    compare(manager, site, 1, some[0], q);
                    compare(manager, site, 2, some[0], k);
                    compare(manager, site, 3, some[0], v);
                  }),
          done -> {});
    }
    assertEquals(18, seen.stream().distinct().count());
    assertEquals("1 0 0", seen.get(0));
    assertEquals("1 0 1", seen.get(1));
  }

  private static void compare(
      NDManager manager, AttentionSite site, int kind, int image, NDArray found) {
    int to = SCHEDULE.tokensBefore(site.scale() + 1);
    int from = kind == 1 ? SCHEDULE.tokensBefore(site.scale()) : 0;
    NDArray all = random(manager, site.layer(), kind, from, to);
    NDArray own = all.get(image + ":" + (image + 1)).concat(all.get(image + 2 + ":" + (image + 3)));
    if (kind == 1 && site.sampled() != null) {
      own = own.transpose(2, 0, 1, 3).get(manager.create(site.sampled())).transpose(1, 2, 0, 3);
    }
    assertArrayEquals(own.toFloatArray(), found.toFloatArray());
  }

  @Test
  void sampledRowsGiveTheCalibrationOfAllRows() throws IOException {
    List<AttentionProfile> profiles = new ArrayList<>();
    List<Roles> roles = new ArrayList<>();
    for (int queries : new int[] {ProfileOptions.ALL, 5}) {
      folder = Files.createDirectory(base.resolve("queries" + queries));
      record(queries);
      CalibrationRun run = new CalibrationRun(RecordedAttention.open(folder), OPTIONS);
      profiles.add(run.measure(done -> {}).profile());
      roles.add(run.roles(profiles.get(profiles.size() - 1)));
    }
    assertEquals(3, roles.get(0).assignment().drafters().size());
    assertEquals(roles.get(0).assignment().drafters(), roles.get(1).assignment().drafters());
    for (Branch branch : Branch.values()) {
      for (HeadStatistic statistic : HeadStatistic.values()) {
        for (int l = 0; l < GEOMETRY.layers(); l++) {
          for (int k = 0; k < SCHEDULE.scales(); k++) {
            assertEquals(
                profiles.get(0).moments(branch, statistic, l, k).mean(),
                profiles.get(1).moments(branch, statistic, l, k).mean(),
                1e-6,
                branch + " " + statistic + " " + l + " " + k);
          }
        }
      }
    }
  }

  @Test
  void anUnfinishedGenerationLeavesNothing() throws IOException {
    TraceWriter writer = TraceWriter.open(folder, recording(5), "2.7.1");
    try (TraceWriter.Generation unused = writer.record(List.of(TraceWriter.prompt(3, "a", 0)))) {
      assertEquals(1, files().size());
    }
    assertEquals(List.of(), files());
    assertFalse(writer.has(3));
  }

  @Test
  void aRecordingIsContinuedAndAnotherRefused() throws IOException {
    assertTrue(record(5).has(1));
    TraceWriter again = TraceWriter.open(folder, recording(5), "2.8.0");
    assertTrue(again.has(0));
    assertThrows(
        IllegalArgumentException.class, () -> again.record(List.of(TraceWriter.prompt(1, "", 6))));
    assertEquals(3, files().size());
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> TraceWriter.open(folder, recording(6), "2.7.1"));
    assertTrue(e.getMessage().contains("queries must be 5, got 6"), e.getMessage());
  }
}
