package io.scalekv.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** NaN and infinite weights in every form of file and every number format. */
final class FiniteCheckTest {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  @TempDir Path folder;

  private static Map<String, TensorData> tensors(float[] values, long... shape) {
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    tensors.put("first.weight", TensorData.of(new float[] {1, 2}, 2));
    tensors.put("odd.weight", TensorData.of(values, shape));
    return tensors;
  }

  private Path write(boolean torch, StoredType type, Map<String, TensorData> tensors) {
    Path file = folder.resolve("w");
    if (torch) {
      return TorchArchive.write(file, tensors, type, List.of());
    }
    SafetensorsWriter.writeData(file, new LinkedHashMap<>(tensors), type, Map.of());
    return file;
  }

  /** Loads the weights of a model. */
  private static void load(Path file, boolean halved) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource source = TensorSource.open(file);
        Weights weights = Weights.halving(manager, name -> halved)) {
      Map<String, Shape> shapes = new LinkedHashMap<>();
      source.names().forEach(n -> shapes.put(n, new Shape(source.info(n).shape())));
      ExpectedWeights.of("m", shapes).load(weights, file, source, LoadListener.NONE);
    }
  }

  private static String refusal(Path file, boolean halved) {
    return assertThrows(WeightsFileException.class, () -> load(file, halved)).getMessage();
  }

  @ParameterizedTest
  @CsvSource({
    "false, F32, false", "false, F32, true", "false, F16, false", "false, F16, true",
    "false, BF16, false", "false, BF16, true", "true, F32, false", "true, F32, true",
    "true, F16, false", "true, F16, true", "true, BF16, false", "true, BF16, true"
  })
  void nameCountAndIndexAreReported(boolean torch, StoredType type, boolean halved) {
    Path file = write(torch, type, tensors(new float[] {0, 1, 2, 3, NAN, -INF}, 2, 3));
    assertEquals(
        "%s: tensor \"odd.weight\" %s [2, 3]%s must be finite, got 1 NaN and 1 infinite,"
                .formatted(file, type, halved && type != StoredType.BF16 ? " as bfloat16" : "")
            + " the first at [1, 1]",
        refusal(file, halved));
    file = write(torch, type, tensors(new float[] {INF, 1, -INF}, 3));
    assertTrue(refusal(file, halved).endsWith("got 2 infinite, the first at [0]"));
    file = write(torch, type, tensors(new float[] {NAN}));
    assertTrue(refusal(file, halved).endsWith("got 1 NaN, the first at []"));
    float most = type == StoredType.F16 ? 65504 : Float.intBitsToFloat(0x7f7f0000);
    load(write(torch, type, tensors(new float[] {most, -most, 0, -0f}, 4)), halved);
    load(write(torch, type, tensors(new float[0], 0, 3)), halved);
  }

  @Test
  void overflowOfBfloat16IsRefused() {
    Path file = write(false, StoredType.F32, tensors(new float[] {1, Float.MAX_VALUE}, 2));
    load(file, false);
    assertTrue(refusal(file, true).contains("F32 [2] as bfloat16 must be finite, got 1 infinite"));
  }

  @Test
  void theShardIsNamed() throws Exception {
    Path bad = write(false, StoredType.BF16, tensors(new float[] {1, NAN}, 1, 2));
    Files.move(bad, folder.resolve("m-1.safetensors"));
    Path index = folder.resolve("model.safetensors.index.json");
    Files.write(
        index,
        """
        {"weight_map": {"first.weight": "m-1.safetensors", "odd.weight": "m-1.safetensors"}}
        """
            .getBytes(StandardCharsets.UTF_8));
    String message = refusal(index, false);
    assertTrue(message.startsWith(folder.toRealPath().resolve("m-1.safetensors") + ": "), message);
    assertTrue(message.contains("\"odd.weight\" BF16 [1, 2]"), message);
  }

  /** Counts over several parts against a loop. */
  @ParameterizedTest
  @CsvSource({"1, false", "2, true"})
  void theCountEqualsThatOfALoop(long seed, boolean halved) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[3 * 700_001];
    int nan = 0;
    int infinite = 0;
    int first = -1;
    for (int i = 0; i < values.length; i++) {
      int draw = i < 1_500_000 ? 9 : random.nextInt(1000);
      values[i] =
          draw == 0 ? NAN : draw == 1 ? INF : draw == 2 ? -INF : (float) random.nextDouble();
      nan += draw == 0 ? 1 : 0;
      infinite += draw == 1 || draw == 2 ? 1 : 0;
      first = first < 0 && draw < 3 ? i : first;
    }
    String message = refusal(write(false, StoredType.F32, tensors(values, 3, 700_001)), halved);
    assertTrue(
        message.endsWith(
            "got %d NaN and %d infinite, the first at [%d, %d]"
                .formatted(nan, infinite, first / 700_001, first % 700_001)),
        message);
  }

  @Test
  void integersAreNotChecked() {
    Path file = folder.resolve("i");
    SafetensorsWriter.writeData(
        file,
        Map.of("ids", TensorData.of(new long[] {Long.MIN_VALUE, -1}, 2)),
        StoredType.F32,
        Map.of());
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        TensorSource source = TensorSource.open(file);
        Weights weights = Weights.load(manager, source)) {
      assertEquals(2, weights.parameters());
    }
  }
}
