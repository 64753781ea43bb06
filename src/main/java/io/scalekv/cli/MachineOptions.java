package io.scalekv.cli;

import io.scalekv.model.ComputeDevice;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Machine options: threads and device. */
@HelpGroup(HelpGroup.Heading.MACHINE)
final class MachineOptions {
  private Integer threads;

  @Option(
      names = "--device",
      paramLabel = "cpu|cuda",
      defaultValue = "cpu",
      description = "Device of weights and activations (default: ${DEFAULT-VALUE}).")
  private ComputeDevice device = ComputeDevice.CPU;

  /** Sets the threads of the engine, which reads them once, when it starts. */
  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Choice.Positive.class,
      description = "Threads of one tensor operation (default: all cores).")
  void setThreads(Integer count) {
    threads = count;
    if (count != null) {
      EngineOptions.setEngineThreads(count);
    }
  }

  /** Returns the threads of one tensor operation, if given. */
  OptionalInt threads() {
    return threads == null ? OptionalInt.empty() : OptionalInt.of(threads);
  }

  /** Returns the threads of one tensor operation. */
  int threadCount() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** Returns the device. */
  ComputeDevice device() {
    return device;
  }
}
