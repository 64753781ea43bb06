package io.scalekv.metrics;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.training.ParameterStore;
import io.scalekv.io.FileKind;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.tensor.Cancellation;
import io.scalekv.tensor.TorchOps;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipFile;

/**
 * A user's TorchScript file ({@code torch.jit.save}), in evaluation mode. The file is read once:
 * the hash is that of the bytes that run.
 */
public final class TorchScriptNet implements AutoCloseable {
  private final Path file;
  private final String sha256;
  private final NDManager manager;
  private final Model model;
  private final PtSymbolBlock block;
  private final ParameterStore store;

  private TorchScriptNet(Path file, byte[] bytes) throws IOException, MalformedModelException {
    this.file = file;
    sha256 = Sha256.of(bytes);
    model = Model.newInstance("torch_script", "PyTorch");
    try {
      model.load(new ByteArrayInputStream(bytes));
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      throw e;
    }
    block = (PtSymbolBlock) model.getBlock();
    manager = model.getNDManager().newSubManager();
    store = new ParameterStore(manager, false);
  }

  /**
   * Loads a file.
   *
   * @throws IllegalArgumentException if it is not there or not a sound TorchScript archive, in one
   *     line that names it
   */
  public static TorchScriptNet open(Path file) {
    Require.that(
        Files.isRegularFile(file),
        "%s must be a TorchScript file, got %s",
        file,
        Files.isDirectory(file) ? "a folder" : "nothing there");
    try {
      byte[] bytes = Files.readAllBytes(file);
      requireArchive(file, bytes);
      return new TorchScriptNet(file, bytes);
    } catch (IOException | MalformedModelException | EngineException e) {
      throw new IllegalArgumentException(
          file + " must be a readable TorchScript archive, got a broken one (" + reason(e) + ")",
          e);
    }
  }

  private static void requireArchive(Path file, byte[] bytes) {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      Require.that(
          !(zip.stream().noneMatch(e -> e.getName().contains("/code/"))),
          "%s must be a TorchScript archive of torch.jit.save, got a zip without code, as"
              + " torch.save writes",
          file);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%s must be a TorchScript archive (a zip), got %s"
              .formatted(
                  file,
                  FileKind.of(bytes)
                      .filter(kind -> kind != FileKind.TORCH)
                      .map(FileKind::label)
                      .orElse(bytes.length + " bytes that are none (" + e.getMessage() + ")")),
          e);
    }
  }

  /** Returns the line of a native message that states the error. */
  private static String reason(Exception e) {
    String message = String.valueOf(e.getMessage());
    String line = message.strip().lines().findFirst().orElse("no reason given");
    return message
        .lines()
        .map(String::strip)
        .filter(l -> l.startsWith("RuntimeError:"))
        .reduce((first, last) -> last)
        .orElse(line);
  }

  /** Returns the file as it was given. */
  public Path file() {
    return file;
  }

  /** Returns the SHA-256 of the file, hexadecimal. */
  public String sha256() {
    return sha256;
  }

  /** Returns a scope for one call; to be closed. */
  NDManager scope() {
    return manager.newSubManager();
  }

  /**
   * Returns the one tensor that {@code forward} gives for these tensors, as float32 in their scope.
   *
   * @throws IllegalArgumentException if the module refuses them or gives something else
   */
  NDArray forward(NDArray... inputs) {
    Cancellation.check();
    try {
      return single(block.forward(store, new NDList(inputs), false));
    } catch (EngineException e) {
      throw refused(e);
    }
  }

  /** Returns the same for {@code forward(input, flag)}. The module must have been called before. */
  NDArray forward(NDArray input, boolean flag) {
    Cancellation.check();
    try (IValue first = IValue.from((PtNDArray) input);
        IValue second = IValue.from(flag);
        IValue result = block.forward(first, second)) {
      return single(result.toNDList((PtNDManager) input.getManager()));
    } catch (EngineException e) {
      throw refused(e);
    }
  }

  private NDArray single(NDList results) {
    Require.that(
        results.size() == 1, "%s: forward must give one tensor, got %s", file, results.size());
    return TorchOps.call("to_fp32", results.head());
  }

  /** Failure of a user's net on an input. */
  static final class NetFailure extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    NetFailure(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private NetFailure refused(EngineException e) {
    return new NetFailure(file + ": forward failed (" + reason(e) + ")", e);
  }

  @Override
  public void close() {
    manager.close();
    model.close();
  }
}
