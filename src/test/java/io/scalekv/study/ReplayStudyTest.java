package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.Budget;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.SelectionInputs;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.RunListener;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.LayerStatistic;
import io.scalekv.profile.LayerStatistics;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.trace.AttentionRecording;
import io.scalekv.profile.trace.PolicyReplay;
import io.scalekv.profile.trace.PolicyReplay.Quantity;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.profile.trace.TraceManifest;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.roles.RoleAssignment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Recordings of the shipped model, what is measured on them, and policies replayed over them. */
final class ReplayStudyTest {
  private static final List<String> PROMPTS =
      List.of(
          "a large solid red circle at center on a plain blue background",
          "a small striped green triangle at left on a gradient white background");

  @TempDir static Path traces;
  @TempDir Path folder;

  private static ImageModel model;
  private static Drawing drawing;
  private static List<Prompt> images;
  private static RecordedAttention recorded;

  @BeforeAll
  static void record() throws IOException {
    model = ImageModel.open(ModelCatalog.config("pocket"), new ModelSource.Shipped(), false);
    drawing = Drawing.defaults(model.config()).withSeed(5);
    images = drawing.images(PROMPTS);
    AttentionRecording recording = open(images);
    assertEquals(2, recording.images());
    recording.write(2, i -> {});
    long written = 0;
    for (TraceManifest.Prompt p : TraceManifest.read(traces).prompts()) {
      written += Files.size(traces.resolve(p.file()));
    }
    assertEquals(1, (double) written / (recording.bytes() + bytes()), 0.02);
    recorded = RecordedAttention.open(traces);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** Two branches of q, k and v of both images. */
  private static long bytes() {
    return 2L * 2 * 3 * 4 * 12 * 128 * drawing.schedule().totalTokens();
  }

  private static AttentionRecording open(List<Prompt> prompts) throws IOException {
    return AttentionRecording.open(model, drawing, drawn(), prompts, traces, "2.7.1");
  }

  private static DrawnAttention drawn() {
    return new DrawnAttention(model, drawing, PromptSet.ofTexts("two", PROMPTS));
  }

  @Test
  void aRecordingIsContinued() throws IOException {
    assertEquals(0, open(images).images());
    assertThrows(IllegalArgumentException.class, () -> open(List.of(images.get(1), images.get(0))));
    Drawing other = drawing.withSeed(6);
    assertThrows(
        IllegalArgumentException.class,
        () -> AttentionRecording.open(model, other, drawn(), images, traces, "2.7.1"));
  }

  /** Statistics of a recording are those of the model that draws. */
  @Test
  void aRecordingIsCalibratedAsItsModel() {
    Measured a = measure(drawn());
    Measured b = measure(recorded);
    for (LayerStatistic s : LayerStatistic.values()) {
      if (!s.needsBudget()) {
        double[][] x = a.statistics.value(s);
        double[][] y = b.statistics.value(s);
        for (int l = 0; l < x.length; l++) {
          for (int k = 0; k < x[l].length; k++) {
            double scale = Math.max(1, Math.abs(x[l][k]));
            assertEquals(x[l][k] / scale, y[l][k] / scale, 1e-6, s + " " + l + " " + k);
          }
        }
      }
    }
    assertEquals(a.roles, b.roles);
    assertArrayEquals(
        a.parts.part(PolicyCalibration.AMS_KV, double[].class),
        b.parts.part(PolicyCalibration.AMS_KV, double[].class),
        1e-6);
    double[][] ranks = a.parts.part(PolicyCalibration.HACK, double[][].class);
    assertArrayEquals(ranks, b.parts.part(PolicyCalibration.HACK, double[][].class));
  }

  private record Measured(
      LayerStatistics statistics, RoleAssignment roles, PolicyCalibration parts) {}

  private static Measured measure(AttentionSource source) {
    CalibrationRun run =
        new CalibrationRun(
            source,
            CalibrationRun.Options.of(
                ProfileOptions.defaults().withQuerySamples(8),
                Set.of(PolicyCalibration.AMS_KV, PolicyCalibration.HACK)));
    Measurements measured = run.measure(i -> {});
    Calibration calibration = run.calibration(measured, Map.of(), Instant.EPOCH, i -> {});
    return new Measured(
        LayerStatistics.of(measured.profile()),
        calibration.roles().assignment(),
        run.forPolicies(measured));
  }

  private static CachePolicy policy(String spec) throws IOException {
    Calibration shipped = CalibrationFile.read(calibration());
    ScaleSchedule schedule = drawing.schedule();
    PolicyFactory factory =
        new PolicyFactory(
            schedule,
            model.geometry().memory(CacheType.FP32, CacheType.FP32, 2, 1),
            tokens -> shipped.forPolicies(schedule, 12, 4, tokens),
            0);
    PolicySpec parsed = PolicySpec.parse(spec);
    return factory.create(parsed, factory.tokens(parsed, Budget.parse("10%")));
  }

  private static Path calibration() {
    return Path.of("src/main/resources/io/scalekv/roles/calibrations/pocket.json");
  }

  /** Attention of one head of one row: queries [L·D], keys and values [T·D]. */
  private record Head(int width, float[] q, float[] k, float[] v) {
    double[][] attention() {
      int queries = q.length / width;
      int keys = k.length / width;
      double[][] p = new double[queries][keys];
      for (int i = 0; i < queries; i++) {
        double sum = 0;
        for (int j = 0; j < keys; j++) {
          double dot = 0;
          for (int d = 0; d < width; d++) {
            dot += (double) q[i * width + d] * k[j * width + d];
          }
          p[i][j] = dot;
        }
        double most = Arrays.stream(p[i]).max().orElseThrow();
        for (int j = 0; j < keys; j++) {
          p[i][j] = Math.exp(p[i][j] - most);
          sum += p[i][j];
        }
        for (int j = 0; j < keys; j++) {
          p[i][j] /= sum;
        }
      }
      return p;
    }

    double[] output() {
      double[][] p = attention();
      double[] out = new double[p.length * width];
      for (int i = 0; i < p.length; i++) {
        for (int j = 0; j < p[i].length; j++) {
          for (int d = 0; d < width; d++) {
            out[i * width + d] += p[i][j] * v[j * width + d];
          }
        }
      }
      return out;
    }

    static Head of(NDArray q, NDArray k, NDArray v, int row, int head) {
      String at = row + "," + head;
      return new Head(
          (int) q.getShape().get(3),
          q.get(at).toFloatArray(),
          k.get(at).toFloatArray(),
          v.get(at).toFloatArray());
    }
  }

  /** At the first scale that reads a compressed cache, before the images part. */
  @ParameterizedTest
  @ValueSource(strings = {"h2o", "snapkv", "scalekv", "heatkv", "hack"})
  void replayAgreesWithGeneration(String spec) throws IOException {
    CachePolicy policy = policy(spec);
    int first = policy.plan().firstCutScale();
    int heads = model.geometry().heads();
    int layers = model.geometry().layers();
    PolicyReplay replay = PolicyReplay.of(recorded, List.of(policy));
    recorded.replay(new int[] {1}, 1, replay, i -> {});
    PolicyReplay.Replayed replayed = replay.policies().get(0);
    assertNull(replayed.reason());

    Map<Integer, Head> full = new HashMap<>();
    AttentionTap tap =
        (site, q, k, v) -> {
          if (site.scale() == first) {
            for (int h = 0; h < heads; h++) {
              full.put(site.layer() * heads + h, Head.of(q, k, v, 0, h));
            }
          }
        };
    Map<Integer, Head> cut = new HashMap<>();
    Map<Integer, int[]> read = new HashMap<>();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void attended(int branch, SelectionInputs a) {
            if (a.scale() == first) {
              for (int g = 0; g < a.heads().length; g++) {
                int at = a.layer() * heads + a.heads()[g];
                cut.put(at, Head.of(a.query(), a.keys(), a.values(), 0, g));
                read.put(at, a.positions(0, g));
              }
            }
          }
        };
    List<Prompt> one = List.of(images.get(1));
    model.drawCodes(
        drawing, one, model.fullCache(drawing.schedule()), List.of(tap), GenerationListener.NONE);
    model.drawCodes(drawing, one, CacheSettings.of(policy), List.of(), listener);

    assertTrue(replayed.value(1, Quantity.OUTPUT_ERROR, 0, first) >= 0);
    if (policy.selectsBeforeAttention()) {
      return; // its generation does not show what attention reads
    }
    double difference = 0;
    double norm = 0;
    for (int h = 0; h < heads; h++) {
      double[] a = full.get(h).output();
      double[] b = cut.get(h).output();
      for (int i = 0; i < a.length; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += a[i] * a[i];
      }
    }
    assertEquals(
        Math.sqrt(difference / norm), replayed.value(1, Quantity.OUTPUT_ERROR, 0, first), 1e-5);
    for (int l = 0; l < layers; l++) {
      double mass = 0;
      for (int h = 0; h < heads; h++) {
        double[][] p = full.get(l * heads + h).attention();
        for (int j : read.get(l * heads + h)) {
          for (double[] row : p) {
            mass += row[j] / p.length / heads;
          }
        }
      }
      assertEquals(mass, replayed.value(1, Quantity.RETAINED_MASS, l, first), 1e-5, "layer " + l);
    }
  }

  @Test
  void theFullCacheLosesNothing() {
    PolicyReplay replay =
        PolicyReplay.of(recorded, List.of(CacheSettings.full(drawing.schedule(), 12).policy()));
    recorded.replay(new int[] {0, 1}, 1, replay, i -> {});
    PolicyReplay.Replayed full = replay.policies().get(0);
    assertEquals(List.of(0, 1), full.images());
    for (int l = 0; l < 12; l++) {
      for (int s = 0; s < drawing.schedule().scales(); s++) {
        assertEquals(0, full.value(0, Quantity.OUTPUT_ERROR, l, s), 1e-6);
        assertEquals(1, full.value(1, Quantity.RETAINED_MASS, l, s), 1e-5);
        assertEquals(1, full.value(1, Quantity.RECALL, l, s));
      }
    }
  }

  private static Study.Request request(Path roles, String... policies) {
    return new Study.Request(
        List.of(traces),
        LayerStatistic.ASI,
        "rank",
        Budget.parse("10%"),
        0,
        0,
        new Study.Replay(
            Arrays.stream(policies).map(PolicySpec::parse).toList(),
            List.of(Budget.parse("20%"), Budget.parse("10%")),
            roles,
            new RunListener() {
              @Override
              public void planned(int images) {
                assertEquals(2, images);
              }
            }));
  }

  @Test
  void theStudyHasARowForEveryPolicyAndBudget() throws IOException {
    Study.Answer answer =
        ReplayStudy.answer(request(calibration(), "h2o", "random", "scalekv-released"));
    answer.write(folder);
    List<Map<String, Object>> rows = answer.tables().get(0).rows();
    assertEquals(6, rows.size());
    for (Map<String, Object> row : rows) {
      if (row.get("policy").equals("scalekv-released")) {
        assertNull(row.get("outputError"));
        String reason = row.get("budget").equals("20%") ? "a trace does not hold" : "budget below";
        assertTrue(row.get("reason").toString().startsWith(reason), row.toString());
      } else {
        double error = (Double) row.get("outputError");
        assertTrue(error > 0 && error < 1, row.toString());
        assertTrue((Double) row.get("outputErrorLow") <= error);
        assertNull(row.get("reason"));
      }
    }
    assertTrue(
        (Double) rows.get(0).get("outputError") < (Double) rows.get(1).get("outputError"),
        "h2o loses less than random tokens");
    assertTrue((Double) rows.get(0).get("outputError") < (Double) rows.get(3).get("outputError"));
    assertFalse(answer.tables().get(1).rows().isEmpty());
    assertTrue(Files.isRegularFile(folder.resolve("replay.png")));
  }

  @Test
  void aPolicyWithoutItsCalibrationIsNotApplicable() throws IOException {
    Study.Answer answer = ReplayStudy.answer(request(null, "h2o", "scalekv"));
    Map<String, Object> row = answer.tables().get(0).rows().get(1);
    assertNull(row.get("outputError"));
    assertTrue(row.get("reason").toString().contains(PolicyCalibration.ROLES), row.toString());
    assertThrows(
        IllegalArgumentException.class, () -> ReplayStudy.answer(request(null, "scalekv")));
  }
}
