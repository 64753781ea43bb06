package io.scalekv.cli;

import picocli.CommandLine.Command;

/** Group of the VocabTrim commands. */
@Command(
    name = "vocabtrim",
    description = "Calibrates, trims and measures the vocabulary of a draft model.",
    subcommands = {
      VocabTrimTrimCommand.class,
      VocabTrimExportCommand.class,
      VocabTrimRunCommand.class
    },
    footer = {
      "  ./scalekv vocabtrim run experiments/vocabtrim/mbsu.yaml",
      "  ./scalekv vocabtrim trim --counts counts.csv --top-k 1024 --form fr-spec --out map.pt"
    })
final class VocabTrimCommand {}
