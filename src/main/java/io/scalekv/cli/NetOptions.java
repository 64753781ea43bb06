package io.scalekv.cli;

import io.scalekv.experiment.UserNets;
import io.scalekv.metrics.LpipsRange;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Options of the nets behind LPIPS and FID, which a user brings. */
final class NetOptions {
  @Option(
      names = "--lpips",
      paramLabel = "FILE",
      description = "Also measure LPIPS by this TorchScript file: forward(a, b) gives a number.")
  private Path lpips;

  @Option(
      names = "--lpips-range",
      paramLabel = "-1..1|0..1",
      defaultValue = "-1..1",
      description = "Pixel values that the LPIPS file expects (default: ${DEFAULT-VALUE}).")
  private LpipsRange lpipsRange = LpipsRange.MINUS_ONE_TO_ONE;

  @Option(
      names = "--inception",
      paramLabel = "FILE",
      description = "Also measure FID by this TorchScript Inception (inception-2015-12-05.pt).")
  private Path inception;

  /** Returns the nets, each tried on a tiny input. */
  UserNets nets() {
    UserNets nets = new UserNets(lpips, lpipsRange, inception);
    nets.check();
    return nets;
  }
}
