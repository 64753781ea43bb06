package io.scalekv.cli;

import io.scalekv.experiment.UserNets;
import io.scalekv.metrics.LpipsRange;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The nets behind LPIPS and FID, which a user brings. */
final class NetOptions implements CheckedOptions {
  @Option(
      names = "--lpips",
      paramLabel = "FILE",
      description = "Also measure LPIPS, by this TorchScript file: forward(a, b) gives a number.")
  private Path lpips;

  @Option(
      names = "--lpips-range",
      paramLabel = "-1..1|0..1",
      defaultValue = "-1..1",
      description = "Pixel values that the LPIPS file expects (default: ${DEFAULT-VALUE}).")
  private String lpipsRange = "-1..1";

  @Option(
      names = "--inception",
      paramLabel = "FILE",
      description = "Also measure FID, by this TorchScript Inception (inception-2015-12-05.pt).")
  private Path inception;

  /** The nets. */
  UserNets nets() {
    LpipsRange range =
        lpipsRange.equals("0..1") ? LpipsRange.ZERO_TO_ONE : LpipsRange.MINUS_ONE_TO_ONE;
    return new UserNets(lpips, range, inception);
  }

  @Override
  public void check() {
    Check.oneOf("--lpips-range", lpipsRange, "-1..1", "0..1");
    file("--lpips", lpips);
    file("--inception", inception);
  }

  private static void file(String option, Path file) {
    if (file != null && !Files.isRegularFile(file)) {
      throw new IllegalArgumentException(option + ": a file expected, got " + file);
    }
  }
}
