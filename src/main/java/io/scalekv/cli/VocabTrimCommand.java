package io.scalekv.cli;

import picocli.CommandLine.Command;

/** Group of the VocabTrim commands. */
@Command(
    name = "vocabtrim",
    description = "Counts, trims, checks and measures the vocabulary of a draft model.",
    subcommands = {
      VocabTrimCheckCommand.class,
      VocabTrimCoverageCommand.class,
      VocabTrimTrimCommand.class,
      VocabTrimExportCommand.class,
      VocabTrimRunCommand.class
    },
    footer = {
      "  ./scalekv vocabtrim run experiments/vocabtrim/mbsu.yaml",
      "  ./scalekv vocabtrim check draft --target target"
    })
final class VocabTrimCommand {}
