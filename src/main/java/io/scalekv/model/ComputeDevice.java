package io.scalekv.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.util.Locale;
import java.util.Map;

/** Where weights and activations lie and products are computed. */
public enum ComputeDevice {
  /** The processor. */
  CPU,
  /** The first NVIDIA GPU. */
  CUDA;

  /** The device of that name: cpu or cuda. */
  public static ComputeDevice parse(String name) {
    return switch (name) {
      case "cpu" -> CPU;
      case "cuda" -> CUDA;
      default ->
          throw new IllegalArgumentException("device: cpu or cuda expected, got '" + name + "'");
    };
  }

  /**
   * Starts the engine and checks that the device is there.
   *
   * @throws IllegalArgumentException one line that says what is missing and how it is given
   */
  public void check() {
    Engine engine = Engine.getInstance();
    if (this == CUDA && engine.getGpuCount() == 0) {
      throw new IllegalArgumentException(missing(engine.getVersion(), System.getenv()));
    }
  }

  /**
   * What keeps a GPU from being used.
   *
   * @param libtorch version of the native library
   * @param environment of the process
   */
  static String missing(String libtorch, Map<String, String> environment) {
    String path = environment.get("PYTORCH_LIBRARY_PATH");
    String flavor = environment.get("PYTORCH_FLAVOR");
    if (path == null) {
      return "device cuda: libtorch "
          + libtorch
          + " with CUDA expected, got its CPU build; set PYTORCH_LIBRARY_PATH to the folder"
          + " torch/lib of a torch "
          + libtorch
          + "+cu128 for Python, PYTORCH_VERSION="
          + libtorch
          + " and PYTORCH_FLAVOR=cu128";
    }
    if (flavor == null || !flavor.startsWith("cu")) {
      return "device cuda: PYTORCH_FLAVOR=cu128 (or another CUDA version) expected beside"
          + " PYTORCH_LIBRARY_PATH, got "
          + flavor;
    }
    return "device cuda: an NVIDIA GPU and its driver expected, got none that libtorch of "
        + path
        + " ("
        + flavor
        + ") can see";
  }

  /** The engine's name for it. */
  public Device engine() {
    return this == CUDA ? Device.gpu() : Device.cpu();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
