package io.scalekv.cli;

import io.scalekv.model.ComputeDevice;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Machine options: threads and device. */
@HelpGroup(HelpGroup.Heading.MACHINE)
final class MachineOptions {
  @Mixin ThreadOptions threads = new ThreadOptions();

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      defaultValue = "cpu",
      description = "Device of weights and activations (default: ${DEFAULT-VALUE}).")
  private ComputeDevice device = ComputeDevice.CPU;

  /** Returns the device. */
  ComputeDevice device() {
    return device;
  }
}
