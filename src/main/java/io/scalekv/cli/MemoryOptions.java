package io.scalekv.cli;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.experiment.MemoryTable;
import io.scalekv.io.Require;
import io.scalekv.model.Drawing;
import io.scalekv.model.DrawingOption;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PerScale;
import io.scalekv.model.Sampling;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of a cache by formula: batch, guidance, number formats and what counts as full. */
@HelpGroup(HelpGroup.Heading.DRAWING)
final class MemoryOptions {
  @Mixin private FormatOptions formats;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      converter = Choice.Positive.class,
      description = "Images drawn together (default: ${DEFAULT-VALUE}).")
  private Integer batch;

  @Option(names = "--cfg", paramLabel = "X[,X...]|FILE", description = DrawingOptions.CFG)
  private PerScale cfg;

  @Option(
      names = "--tokens-of",
      paramLabel = "history|all",
      description =
          "Tokens of 100 %%: those that later scales read, or also the last scale's, which the"
              + " published code stores though nothing reads them (default: history).")
  MemoryTable.TokensOf tokensOf = MemoryTable.TokensOf.HISTORY;

  @Option(
      names = "--cfg-until",
      paramLabel = "K",
      converter = Choice.Positive.class,
      description = "No guidance behind scale K; the cache of the unconditional branch is freed.")
  private Integer cfgUntil;

  /** Returns the memory of a model's cache. */
  MemoryModel memory(ModelConfig config, ScaleSchedule schedule) {
    Sampling sampling = config.sampling().with(cfg, null, null, null, null);
    if (cfgUntil != null) {
      Require.between("--cfg-until", cfgUntil, 1, schedule.scales());
      DrawingOptions.check(DrawingOption.CFG_UNTIL, cfgUntil, config);
      Require.that(
          sampling.guided(), "--cfg-until needs guidance: --cfg 1 has no unconditional branch");
      sampling = sampling.guidedUntil(cfgUntil, schedule.scales());
    }
    Sampling checked = new Drawing(schedule, 1, sampling, "", 0).sampling();
    CacheType computed = config.published() ? CacheType.BF16 : CacheType.FP32;
    return formats
        .memory(config.geometry(), computed, checked.guided(), batch)
        .guidedFor(checked.guidedScales(schedule.scales()));
  }
}
