package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the versions of this build. */
@Command(name = "version", description = "Print the versions of ScaleKV Lab, DJL and libtorch.")
final class VersionCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private JsonOption json;

  @Override
  public void run() {
    json.print(spec.commandLine().getOut(), SoftwareVersions.current(), Object::toString);
  }
}
