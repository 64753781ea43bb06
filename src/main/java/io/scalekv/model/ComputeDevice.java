package io.scalekv.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import java.util.Locale;
import java.util.Map;

/** Device of weights and activations. */
public enum ComputeDevice {
  /** The processor. */
  CPU,
  /** The first NVIDIA GPU. */
  CUDA;

  /**
   * Starts the engine and checks that the device is available.
   *
   * @throws IllegalArgumentException with one line on what is missing and how to provide it
   */
  public void check() {
    Engine engine = Engine.getInstance();
    if (this == CUDA && engine.getGpuCount() == 0) {
      throw new IllegalArgumentException(missing(engine.getVersion(), System.getenv()));
    }
  }

  /**
   * Returns the reason why no GPU can be used.
   *
   * @param libtorch version of the native library
   * @param environment of the process
   */
  static String missing(String libtorch, Map<String, String> environment) {
    String path = environment.get("PYTORCH_LIBRARY_PATH");
    String flavor = environment.get("PYTORCH_FLAVOR");
    if (path == null) {
      return ("device cuda: missing libtorch %1$s with CUDA: set PYTORCH_LIBRARY_PATH to the folder"
              + " torch/lib of a torch %1$s+cu128 for Python, PYTORCH_VERSION=%1$s and"
              + " PYTORCH_FLAVOR=cu128")
          .formatted(libtorch);
    }
    if (flavor == null || !flavor.startsWith("cu")) {
      return "device cuda: PYTORCH_FLAVOR must be cu128 or another CUDA version, got " + flavor;
    }
    return "device cuda: missing NVIDIA GPU or driver: libtorch of %s (%s) sees none"
        .formatted(path, flavor);
  }

  /** Returns the engine's device. */
  public Device engine() {
    return this == CUDA ? Device.gpu() : Device.cpu();
  }

  /** Returns a new owner of arrays on this device. */
  public NDManager manager() {
    return NDManager.newBaseManager(engine(), "PyTorch");
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
