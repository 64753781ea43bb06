package io.scalekv.weights;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;

/**
 * Names of a state dict without those that a wrapper of the model added: {@code _orig_mod.} of
 * {@code torch.compile} and {@code _fsdp_wrapped_module.} at any place, and a prefix that all names
 * share, such as {@code module.} or {@code model.}.
 *
 * @param names names in the file by the names without wrappers
 * @param removed the prefixes that were removed; empty for none
 */
record Unwrapped(Map<String, String> names, String removed) {
  private static final Pattern INSIDE =
      Pattern.compile("(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\\.");

  /**
   * Removes as much as makes the most wanted names appear.
   *
   * @param score number of wanted names among given names
   */
  static Unwrapped of(Set<String> names, ToIntFunction<Set<String>> score) {
    Unwrapped best = stripped(names, "", false);
    int most = score.applyAsInt(best.names.keySet());
    if (names.isEmpty() || most == names.size()) {
      return best;
    }
    for (boolean inside : new boolean[] {false, true}) {
      String shared = shared(stripped(names, "", inside).names.keySet());
      for (int end = 0;
          end >= 0;
          end = end == shared.length() ? -1 : shared.indexOf('.', end) + 1) {
        Unwrapped tried = stripped(names, shared.substring(0, end), inside);
        int found = score.applyAsInt(tried.names.keySet());
        if (found > most) {
          best = tried;
          most = found;
        }
      }
    }
    return best;
  }

  private static Unwrapped stripped(Set<String> names, String prefix, boolean inside) {
    Map<String, String> stripped = new LinkedHashMap<>();
    String found = null;
    for (String name : names) {
      String plain = name;
      if (inside) {
        var match = INSIDE.matcher(name);
        if (match.find()) {
          found = match.group();
          plain = match.replaceAll("");
        }
      }
      stripped.putIfAbsent(plain.substring(prefix.length()), name);
    }
    if (stripped.size() != names.size()) {
      return stripped(names, "", false); // two names would become one
    }
    return new Unwrapped(
        stripped, found == null ? prefix : found + (prefix.isEmpty() ? "" : " and " + prefix));
  }

  /** Returns the longest beginning of all names that ends with a dot. */
  private static String shared(Set<String> names) {
    String shared = names.iterator().next();
    for (String name : names) {
      while (!name.startsWith(shared) || !shared.isEmpty() && !shared.endsWith(".")) {
        shared = shared.substring(0, shared.lastIndexOf('.', shared.length() - 2) + 1);
      }
    }
    return shared;
  }
}
