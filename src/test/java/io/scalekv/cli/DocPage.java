package io.scalekv.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Commands of a page of the documentation. A block of {@code sh} holds commands, a block of {@code
 * console} commands behind {@code $} and their output. {@code <!-- not run: REASON -->} in the line
 * before a block says why no test runs it.
 *
 * @param name relative to the repository
 * @param blocks fenced blocks that call the program
 * @param inline commands within sentences
 */
record DocPage(String name, List<Block> blocks, List<String> inline) {
  private static final Pattern FENCED =
      Pattern.compile(
          "(?m)(?:^<!-- not run: ([^\\n]*?) *-->\\n)?^( *)```(\\w*)[^\\n]*\\n(.*?)^\\2```$",
          Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern INLINE = Pattern.compile("`(\\./scalekv[^`]*)`");
  private static final Pattern COMMAND = Pattern.compile("(?m)^(?:\\$ )?(.*\\./scalekv .*)$");

  /**
   * Fenced block.
   *
   * @param language of the fence
   * @param reason why it is not run, or null
   */
  record Block(String language, String reason, String text) {
    boolean console() {
      return language.equals("console");
    }

    /** Returns the commands as a script, without their output. */
    String script() {
      if (!console()) {
        return text;
      }
      StringBuilder s = new StringBuilder();
      boolean more = false;
      for (String line : text.split("\n")) {
        if (more || line.startsWith("$ ")) {
          s.append(more ? line : line.substring(2)).append('\n');
          more = line.endsWith("\\");
        }
      }
      return s.toString();
    }

    /** Returns the lines that the commands print. */
    List<String> output() {
      List<String> lines = new ArrayList<>();
      boolean more = false;
      for (String line : text.split("\n")) {
        boolean command = more || line.startsWith("$ ");
        more = command && line.endsWith("\\");
        if (!command && !line.isBlank()) {
          lines.add(line);
        }
      }
      return lines;
    }

    /** Returns the calls of the program, one a line. */
    List<String> commands() {
      List<String> commands = new ArrayList<>();
      Matcher m = COMMAND.matcher(text.replaceAll("\\\\\n\\s*", ""));
      while (m.find()) {
        commands.add(m.group(1).substring(m.group(1).indexOf("./scalekv")));
      }
      return commands;
    }
  }

  /** Reads every page. */
  static List<DocPage> all() {
    List<Path> files = new ArrayList<>();
    for (String file : List.of("README.md", "CONTRIBUTING.md", "notebooks-java/README.md")) {
      files.add(Path.of(file));
    }
    try (Stream<Path> pages = Files.list(Path.of("docs"))) {
      pages.filter(p -> p.toString().endsWith(".md")).sorted().forEach(files::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files.stream().map(DocPage::read).toList();
  }

  private static DocPage read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Block> blocks = new ArrayList<>();
    Matcher m = FENCED.matcher(text);
    while (m.find()) {
      if (m.group(4).contains("./scalekv ")) {
        String inner = m.group(4).replaceAll("(?m)^" + m.group(2), "");
        blocks.add(new Block(m.group(3), m.group(1), inner));
      }
    }
    List<String> inline = new ArrayList<>();
    Matcher i = INLINE.matcher(FENCED.matcher(text).replaceAll(""));
    while (i.find()) {
      inline.add(i.group(1).replaceAll("\\s+", " "));
    }
    return new DocPage(file.toString(), blocks, inline);
  }

  /** Returns the words of one call, without redirections, pipes and comments. */
  static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean open = false;
    char quote = 0;
    String text = command.replaceAll("\\$\\([^)]*\\)|\\$\\w+", "1");
    for (char c : text.toCharArray()) {
      if (quote != 0 ? c == quote : c == '\'' || c == '"') {
        quote = quote == 0 ? c : 0;
        open = true;
      } else if (quote == 0 && "|>;&#)".indexOf(c) >= 0 && !(c == '#' && open)) {
        break;
      } else if (quote == 0 && c == ' ') {
        if (open) {
          words.add(word.toString());
        }
        word.setLength(0);
        open = false;
      } else {
        word.append(c);
        open = true;
      }
    }
    if (open) {
      words.add(word.toString());
    }
    return words.subList(1, words.size());
  }

  @Override
  public String toString() {
    return name;
  }
}
