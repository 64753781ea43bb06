package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.atMost;

import io.scalekv.io.JsonStream;
import io.scalekv.weights.StateDictPickle.RawTensor;
import io.scalekv.weights.StateDictPickle.Unreadable;
import io.scalekv.weights.TensorFile.Tensor;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * State dict in a file of {@code torch.save}. Opening reads the pickle and checks every tensor of
 * the chosen state dict against its storage; other values are ignored.
 */
final class PthFile {
  /** Entry of the metadata: the keys that lead to the state dict, joined by dots. */
  static final String PLACE = "stateDict";

  private PthFile() {}

  /**
   * Opens a file.
   *
   * @throws WeightsFileException if it cannot be read, is malformed, has no state dict, or its
   *     pickle names anything but tensors and plain values
   */
  static TensorSource open(Path file, StateDictChoice choice) {
    return TensorFile.open(
        file,
        (f, channel) -> {
          TorchFile torch = TorchFile.read(file, channel);
          StateDictChoice.Found found = choice.of(file, torch.root());
          Map<String, Tensor> tensors = new LinkedHashMap<>();
          found
              .tensors()
              .forEach((name, raw) -> tensors.put(name, tensor(file, channel, torch, name, raw)));
          return new TensorFile.Contents(tensors, Map.of(PLACE, found.place()));
        });
  }

  private static Tensor tensor(
      Path file, FileChannel channel, TorchFile torch, String name, Object value) {
    atMost(JsonStream.LONGEST_NAME, file, "characters of the name of a tensor", name.length());
    if (value instanceof RawTensor raw && raw.type().stored() != StoredType.OTHER) {
      StorageView view = StorageView.of(file, torch, name, raw);
      return new Tensor(view.info(), () -> view.open(channel));
    }
    boolean numbers = value instanceof RawTensor;
    String kind = numbers ? ((RawTensor) value).type().name() : ((Unreadable) value).kind();
    long[] shape = numbers ? ((RawTensor) value).shape() : new long[0];
    TensorInfo info = new TensorInfo(name, StoredType.OTHER, kind, shape, 0, 0, file);
    return new Tensor(
        info,
        () -> {
          throw WeightsFileException.in(
              file,
              WeightsFileException.tensor(name),
              "of a type that can be read",
              kind + hint(kind));
        });
  }

  private static String hint(String kind) {
    return kind.startsWith("Complex")
        ? "; save its .real and .imag"
        : kind.contains("sparse")
            ? "; save its .to_dense()"
            : kind.startsWith("Q") || kind.contains("qtensor")
                ? "; save its .dequantize()"
                : kind.contains("meta") ? ", which has no values" : "";
  }
}
