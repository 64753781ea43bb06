package io.scalekv.cli;

import picocli.CommandLine.Command;

/** Group of the commands for recorded attention. */
@Command(
    name = "traces",
    description = "Attention recorded where a model runs, in PyTorch: the recorder, a summary.",
    subcommands = {TracesRecorderCommand.class, TracesShowCommand.class},
    footer = {"  ./scalekv traces recorder > record.py", "  ./scalekv traces show traces"})
final class TracesCommand {}
