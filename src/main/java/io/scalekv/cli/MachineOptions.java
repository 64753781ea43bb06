package io.scalekv.cli;

import io.scalekv.model.ComputeDevice;
import java.util.OptionalInt;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Machine options: threads and device. */
@HelpGroup(HelpGroup.Heading.MACHINE)
final class MachineOptions {
  @Mixin private ThreadOptions threads = new ThreadOptions();

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      defaultValue = "cpu",
      description = "Device of weights and activations (default: ${DEFAULT-VALUE}).")
  private ComputeDevice device = ComputeDevice.CPU;

  /** Returns the threads of one tensor operation, if given. */
  OptionalInt threads() {
    return threads.threads();
  }

  /** Returns the threads of one tensor operation. */
  int threadCount() {
    return threads.count();
  }

  /** Returns the device. */
  ComputeDevice device() {
    return device;
  }
}
