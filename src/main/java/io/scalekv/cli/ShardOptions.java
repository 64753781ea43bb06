package io.scalekv.cli;

import io.scalekv.experiment.CalibrationShards.Shard;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** A calibration in parts. */
final class ShardOptions implements CheckedOptions {
  @Option(
      names = "--shard",
      paramLabel = "I/N",
      description =
          "Measure only every N-th prompt from the I-th on and keep the statistics in the --out"
              + " folder, for --merge.")
  private String shard;

  @Option(
      names = "--merge",
      paramLabel = "DIR",
      description = "Measure nothing: take all the shards in this folder.")
  private Path merge;

  /** The part to measure. */
  Optional<Shard> shard() {
    return Optional.ofNullable(shard).map(Shard::parse);
  }

  /** The folder of all parts. */
  Optional<Path> merge() {
    return Optional.ofNullable(merge);
  }

  /** The prompts that are drawn here. */
  List<String> of(List<String> prompts) {
    if (merge != null) {
      return List.of();
    }
    return shard().isEmpty()
        ? prompts
        : Arrays.stream(shard().get().prompts(prompts.size())).mapToObj(prompts::get).toList();
  }

  @Override
  public void check() {
    if (shard != null && merge != null) {
      throw new IllegalArgumentException("--shard or --merge: one of the two expected, got both");
    }
    if (shard != null) {
      try {
        Shard.parse(shard);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("--" + e.getMessage(), e);
      }
    }
  }
}
