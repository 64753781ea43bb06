package io.scalekv.tensor;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Native operations that DJL does not bind, written as TorchScript in the resource {@code
 * torch_ops.py} and loaded once per process; with those of {@code mkldnn_ops.py} where libtorch was
 * built with oneDNN.
 *
 * <p>A result belongs to the manager of the first argument: put the activation first, the weight
 * after it. Autograd passes through every operation.
 */
public final class TorchOps {
  private static final String RESOURCE = "torch_ops.py";
  private static final String MKLDNN = "mkldnn_ops.py";
  private static final Pattern METHOD = Pattern.compile("(?m)^  def (\\w+)\\(");
  private static final TorchOps INSTANCE = new TorchOps();

  private final NDManager manager;
  private final ParameterStore store;
  private final Map<String, Module> modules = new TreeMap<>();
  private final Map<String, NDArray> names = new ConcurrentHashMap<>();

  /**
   * Operations of a resource.
   *
   * @param model keeps the native module of the block from garbage collection
   */
  private record Module(Model model, Block block) {}

  private TorchOps() {
    // the profiling executor specialises on the first shapes it sees and only costs time here
    System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
    manager = NDManager.newBaseManager("PyTorch");
    store = new ParameterStore(manager, false);
    try {
      load(RESOURCE);
    } catch (MalformedModelException e) {
      throw new IllegalStateException(RESOURCE + ": " + e.getMessage(), e);
    }
    try {
      load(MKLDNN);
    } catch (MalformedModelException | EngineException e) {
      // this libtorch knows no oneDNN operations: callers ask has()
    }
  }

  private void load(String resource) throws MalformedModelException {
    Model model = Model.newInstance(resource, "PyTorch");
    try {
      String source = TextFile.resource(TorchOps.class, resource).orElseThrow();
      model.load(new ByteArrayInputStream(TorchScriptArchive.of(source)));
      Module module = new Module(model, model.getBlock());
      Matcher m = METHOD.matcher(source);
      while (m.find()) {
        modules.put(m.group(1), module);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(resource + ": " + e.getMessage(), e);
    }
  }

  /**
   * Calls one operation by its name in {@code torch_ops.py}.
   *
   * @param op name of the method
   * @param args arguments; the manager of the first one owns the result
   * @return the result
   * @throws IllegalArgumentException if the operation is unknown
   * @throws java.util.concurrent.CancellationException if a stop was requested
   */
  public static NDArray call(String op, NDArray... args) {
    return INSTANCE.run(op, args);
  }

  /** Returns whether this libtorch can run the operation. */
  public static boolean has(String op) {
    return INSTANCE.modules.containsKey(op);
  }

  private NDArray run(String op, NDArray... args) {
    Cancellation.check();
    NDList list = new NDList(args.length + 1);
    for (NDArray a : args) {
      list.add(a);
    }
    list.add(names.computeIfAbsent(op, this::methodName));
    // train = true: with false the result could never take part in autograd
    return modules.get(op).block().forward(store, list, true).head();
  }

  private NDArray methodName(String op) {
    Require.that(
        modules.containsKey(op), "operation must be one of %s, got %s", modules.keySet(), op);
    NDArray name = manager.zeros(new Shape(1));
    name.setName("module_method:" + op);
    return name;
  }
}
