package io.scalekv.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The command line's own model: all commands, their options and examples. */
final class CommandTree {
  private static final String PROMPT = "./scalekv ";
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  private CommandTree() {}

  static CommandLine root() {
    PrintWriter nothing = new PrintWriter(PrintWriter.nullWriter());
    return Main.commandLine(nothing, nothing, Main.commands());
  }

  /** Every command but help, such as {@code roles show}; a group of commands is one too. */
  static Stream<String> names() {
    List<String> names = new ArrayList<>();
    root().getSubcommands().forEach((name, command) -> add(name, command, names));
    return names.stream().filter(n -> !n.equals("help"));
  }

  private static void add(String path, CommandLine command, List<String> names) {
    names.add(path);
    command.getSubcommands().forEach((name, sub) -> add(path + " " + name, sub, names));
  }

  static CommandSpec spec(String command) {
    CommandLine line = root();
    for (String name : command.split(" ")) {
      line = line.getSubcommands().get(name);
    }
    return line.getCommandSpec();
  }

  /** The examples in a command's help, without what stands behind a pipe, as words. */
  static List<List<String>> examples(CommandSpec spec) {
    return Stream.of(spec.usageMessage().footer())
        .map(l -> l.strip().replace("%%", "%"))
        .filter(l -> l.startsWith(PROMPT))
        .map(l -> words(l.substring(PROMPT.length())))
        .toList();
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher m = WORD.matcher(line.split(" [>|] ")[0]);
    while (m.find()) {
      words.add(m.group(1) == null ? m.group(2) : m.group(1));
    }
    return words;
  }
}
