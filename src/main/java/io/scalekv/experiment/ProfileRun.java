package io.scalekv.experiment;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.GenerationOptions;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.model.infinity.InfinityConfig;
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
 * @param schedule token maps
 * @param aspect height / width the schedule belongs to
 * @param generation guidance, temperature, top-p
 * @param negative negative prompt, may be empty
 * @param seed of the first image; prompt i is drawn with seed + i, as in a calibration
 */
public record ProfileRun(
    ScaleSchedule schedule,
    double aspect,
    GenerationOptions generation,
    String negative,
    long seed) {
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
    if (from < 0 || to <= from || to > prompts.size()) {
      throw new IllegalArgumentException(
          "profile: some of "
              + prompts.size()
              + " prompts expected, got "
              + from
              + " to "
              + (to - 1));
    }
    InfinityConfig config = model.config().transformer();
    ProfileGeometry geometry = new ProfileGeometry(config.depth(), config.heads(), schedule);
    List<List<PromptStatistics>> statistics = new ArrayList<>();
    options.forEach(o -> statistics.add(new ArrayList<>()));
    for (int i = from; i < to; i++) {
      List<AttentionProfiler> profilers = new ArrayList<>();
      for (ProfileOptions o : options) {
        profilers.add(AttentionProfiler.create(geometry, o, i));
      }
      List<AttentionTap> taps = new ArrayList<>(profilers);
      model.generate(
          List.of(new Prompt(prompts.get(i), seed + i)),
          negative,
          schedule,
          aspect,
          generation,
          model.fullCache(schedule),
          taps,
          GenerationListener.NONE);
      for (int o = 0; o < profilers.size(); o++) {
        statistics.get(o).addAll(profilers.get(o).statistics());
      }
      onPrompt.accept(i + 1);
    }
    List<AttentionProfile> profiles = new ArrayList<>();
    for (int o = 0; o < options.size(); o++) {
      profiles.add(AttentionProfile.of(geometry, options.get(o), statistics.get(o)));
    }
    return profiles;
  }
}
