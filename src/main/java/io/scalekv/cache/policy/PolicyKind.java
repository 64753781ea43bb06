package io.scalekv.cache.policy;

import io.scalekv.cache.CachePolicy;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Cache policy that can be chosen by name. Policies of other projects implement this interface in a
 * public class with a public constructor without parameters and name that class in {@code
 * META-INF/services/io.scalekv.cache.policy.PolicyKind}.
 */
public interface PolicyKind {
  /** Returns the name on the command line. */
  String name();

  /** Which tokens the policy retains, in one phrase. */
  String summary();

  /** Paper or code it follows. */
  String source();

  /** Returns settings with their defaults; every other setting is an error. */
  default List<Setting<?>> settings() {
    return List.of();
  }

  /** Returns names of the calibration parts that the policy needs with default settings. */
  default Set<String> needs() {
    return Set.of();
  }

  /** Returns names of the calibration parts that the policy needs with these settings. */
  default Set<String> needs(PolicySpec spec) {
    return needs();
  }

  /**
   * Makes the policy.
   *
   * @param spec settings, all of them known
   * @param context with all needed calibration parts
   * @throws IllegalArgumentException if a setting is out of range, or the budget too small
   */
  CachePolicy create(PolicySpec spec, PolicyContext context);

  /** Returns the policy with its settings as results print it. */
  default String label(PolicySpec spec) {
    return spec.toString();
  }

  /** Makes a kind of its parts. */
  static PolicyKind of(
      String name,
      String summary,
      String source,
      List<Setting<?>> settings,
      BiFunction<PolicySpec, PolicyContext, CachePolicy> maker) {
    return new Simple(name, summary, source, settings, spec -> Set.of(), maker, "");
  }

  /** Makes a kind that needs calibration parts whatever its settings. */
  static PolicyKind of(
      String name,
      String summary,
      String source,
      List<Setting<?>> settings,
      Set<String> needs,
      BiFunction<PolicySpec, PolicyContext, CachePolicy> maker) {
    return new Simple(name, summary, source, settings, spec -> needs, maker, "");
  }

  /**
   * Kind made of its parts.
   *
   * @param parts names of the needed calibration parts
   * @param note printed in brackets behind the name wherever results are printed; may be empty
   */
  record Simple(
      String name,
      String summary,
      String source,
      List<Setting<?>> settings,
      Function<PolicySpec, Set<String>> parts,
      BiFunction<PolicySpec, PolicyContext, CachePolicy> maker,
      String note)
      implements PolicyKind {
    @Override
    public Set<String> needs() {
      return needs(PolicySpec.parse(name));
    }

    @Override
    public Set<String> needs(PolicySpec spec) {
      return parts.apply(spec);
    }

    @Override
    public String label(PolicySpec spec) {
      return note.isEmpty() ? spec.toString() : spec + " (" + note + ")";
    }

    @Override
    public CachePolicy create(PolicySpec spec, PolicyContext context) {
      return maker.apply(spec, context);
    }
  }
}
