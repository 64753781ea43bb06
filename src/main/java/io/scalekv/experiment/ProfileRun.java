package io.scalekv.experiment;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionProfiler;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Draws prompts with the full cache and profiles their attention, in several ways at once where
 * that is asked for: the images are the same, so they are drawn once.
 *
 * @param drawing how the prompts are drawn
 */
public record ProfileRun(Drawing drawing) {
  /**
   * One profile per way of sampling, of some prompts of a set. A prompt gives the same statistics
   * whatever others are drawn with it.
   *
   * @param options ways of sampling, at least one
   * @param prompts the whole set
   * @param from position of the first prompt to draw
   * @param to position behind the last one
   * @param onPrompt told the position behind each prompt that is done
   */
  public List<AttentionProfile> measure(
      ImageModel model,
      List<ProfileOptions> options,
      List<String> prompts,
      int from,
      int to,
      IntConsumer onPrompt) {
    Require.that(
        from >= 0 && from < to && to <= prompts.size(),
        "prompts must be some of %d, got %d to %d",
        prompts.size(),
        from,
        to - 1);
    Geometry config = model.config().geometry();
    ProfileGeometry geometry =
        new ProfileGeometry(config.layers(), config.heads(), drawing.schedule());
    List<List<PromptStatistics>> statistics = new ArrayList<>();
    options.forEach(o -> statistics.add(new ArrayList<>()));
    drawing.watch(
        model,
        drawing.images(prompts.subList(from, to)),
        1,
        new Drawing.Watcher() {
          private List<AttentionProfiler> profilers;

          @Override
          public List<AttentionTap> taps(int begin, int end) {
            profilers =
                options.stream()
                    .map(o -> AttentionProfiler.create(geometry, o, from + begin))
                    .toList();
            return List.copyOf(profilers);
          }

          @Override
          public void drawn(int begin, int end) {
            for (int o = 0; o < profilers.size(); o++) {
              statistics.get(o).addAll(profilers.get(o).statistics());
            }
          }
        },
        done -> onPrompt.accept(from + done));
    List<AttentionProfile> profiles = new ArrayList<>();
    for (int o = 0; o < options.size(); o++) {
      profiles.add(AttentionProfile.of(geometry, options.get(o), statistics.get(o)));
    }
    return profiles;
  }
}
