package io.scalekv.profile;

import io.scalekv.model.AttentionTap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * Measurements of some images, before any mean is taken. Measurements of disjoint images, combined
 * in any order, give the same bits as one measurement of all.
 *
 * @param profile attention statistics
 * @param values numbers of further taps, by name
 */
public record Measurements(AttentionProfile profile, SortedMap<String, PromptValues> values) {
  /** Returns the measurements of both sets of images. */
  public Measurements combine(Measurements other) {
    return new Measurements(profile.combine(other.profile), combine(values, other.values));
  }

  private static SortedMap<String, PromptValues> combine(
      SortedMap<String, PromptValues> a, SortedMap<String, PromptValues> b) {
    SortedMap<String, PromptValues> all = new TreeMap<>(a);
    b.forEach((name, v) -> all.merge(name, v, PromptValues::combine));
    return all;
  }

  /**
   * Measures images; the result of an image depends on the others of its batch only through
   * rounding.
   *
   * @param taps makers of the further taps, by name
   * @param batch images replayed together, at least 1
   * @param progress receives the number of images measured so far
   * @param images which ones, at least one
   */
  public static Measurements of(
      AttentionSource source,
      ProfileOptions options,
      Map<String, Function<PromptTap.Generation, PromptTap>> taps,
      int batch,
      IntConsumer progress,
      int... images) {
    List<PromptStatistics> statistics = new ArrayList<>();
    List<SortedMap<String, PromptValues>> values = new ArrayList<>();
    values.add(new TreeMap<>());
    source.replay(
        images,
        batch,
        new AttentionSource.Observer() {
          private AttentionProfiler profiler;
          private final SortedMap<String, PromptTap> current = new TreeMap<>();

          @Override
          public List<AttentionTap> taps(int... some) {
            profiler = AttentionProfiler.create(source.shape(), options, some);
            PromptTap.Generation generation = PromptTap.Generation.of(source, some);
            taps.forEach((name, maker) -> current.put(name, maker.apply(generation)));
            List<AttentionTap> all = new ArrayList<>(current.values());
            all.add(profiler);
            return all;
          }

          @Override
          public void replayed(int... some) {
            statistics.addAll(profiler.statistics());
            SortedMap<String, PromptValues> own = new TreeMap<>();
            current.forEach((name, tap) -> own.put(name, tap.values()));
            values.set(0, combine(values.get(0), own));
          }
        },
        progress);
    return new Measurements(
        AttentionProfile.of(source.shape(), options, statistics), values.get(0));
  }
}
