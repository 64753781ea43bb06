package io.scalekv.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Member;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;

/** Heading of an option, or of all options of a class, in help texts. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.FIELD, ElementType.METHOD})
@interface HelpGroup {
  /** Returns the heading. */
  Heading value();

  /** Headings in the order of the help text. */
  enum Heading {
    /** Options of one command alone. */
    COMMAND("Options"),
    /** Prompts, seeds and sampling. */
    DRAWING("What to draw"),
    /** Model and weights. */
    MODEL("Which model"),
    /** Policy, budget and number formats. */
    CACHE("Cache"),
    /** Attention statistics and roles. */
    STATISTICS("Statistics"),
    /** Files and forms of the results. */
    OUTPUT("Output"),
    /** Device, threads and runners. */
    MACHINE("Machine");

    private final String text;

    Heading(String text) {
      this.text = text;
    }

    /** Returns the heading of an option. */
    static Heading of(OptionSpec option) {
      if (option.userObject() instanceof AnnotatedElement element) {
        HelpGroup own = element.getAnnotation(HelpGroup.class);
        if (own == null && element instanceof Member member) {
          own = member.getDeclaringClass().getAnnotation(HelpGroup.class);
        }
        boolean ours =
            element instanceof Member member
                && member.getDeclaringClass().getName().startsWith("io.scalekv.");
        return own != null ? own.value() : ours ? COMMAND : OUTPUT; // --help and --version
      }
      return OUTPUT;
    }

    /** Returns the options of a command under their headings. */
    static String render(Help help) {
      Map<Heading, List<OptionSpec>> groups = new EnumMap<>(Heading.class);
      for (OptionSpec option : help.commandSpec().options()) {
        if (!option.hidden()) {
          groups.computeIfAbsent(of(option), g -> new ArrayList<>()).add(option);
        }
      }
      StringBuilder text = new StringBuilder();
      groups.forEach(
          (heading, options) -> {
            Help.Layout layout = help.createDefaultLayout(options, List.of(), help.colorScheme());
            layout.addAllOptions(options, help.parameterLabelRenderer());
            text.append(String.format("%n%s:%n%s", heading.text, layout));
          });
      return text.toString();
    }
  }
}
