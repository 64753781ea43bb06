package io.scalekv.experiment;

import io.scalekv.io.Sha256;
import io.scalekv.model.ImageModel;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.StatisticsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * A folder of statistics, one {@link StatisticsFile} per model, prompt file, way of drawing and way
 * of sampling, named by a hash of these. It holds the first prompts of the file, as many as were
 * asked for so far: what is there is not drawn again, and what is missing is added in parts, so
 * that little is lost when a run is stopped.
 */
public final class StatisticsStore {
  private static final int NAME_DIGITS = 16;

  /** Prompts that are drawn before they are kept. */
  private static final int PART = 16;

  private final Path folder;
  private final ImageModel model;

  /** Opens the store in a folder, which need not exist. */
  public StatisticsStore(Path folder, ImageModel model) {
    this.folder = folder;
    this.model = model;
  }

  /** Where the attention of these prompts comes from, by name. */
  public SortedMap<String, String> source(ProfileRun run, PromptSet prompts) {
    SortedMap<String, String> source = origin(run, prompts);
    source.put("prompts", Integer.toString(prompts.prompts().size()));
    return source;
  }

  /** The same whatever the number of prompts. */
  private SortedMap<String, String> origin(ProfileRun run, PromptSet prompts) {
    SortedMap<String, String> source = new TreeMap<>(run.drawing().provenance());
    source.putAll(model.provenance());
    source.putAll(prompts.provenance());
    return source;
  }

  /** Where the statistics of these prompts are kept. */
  public Path file(ProfileRun run, ProfileOptions options, PromptSet prompts) {
    String key = origin(run, prompts) + " " + options;
    String hash = Sha256.of(key.getBytes(StandardCharsets.UTF_8));
    return folder.resolve("statistics-" + hash.substring(0, NAME_DIGITS) + ".safetensors");
  }

  /** Keeps the profile of all these prompts, unless there are more of them already. */
  public void keep(ProfileRun run, PromptSet prompts, AttentionProfile profile) throws IOException {
    Optional<AttentionProfile> there = read(run, profile.options(), prompts);
    if (there.isEmpty() || there.get().prompts().size() < profile.prompts().size()) {
      write(run, prompts, profile);
    }
  }

  private void write(ProfileRun run, PromptSet prompts, AttentionProfile profile)
      throws IOException {
    Files.createDirectories(folder);
    StatisticsFile.write(profile, origin(run, prompts), file(run, profile.options(), prompts));
  }

  /** How many of the prompts have to be drawn. */
  public int missing(ProfileRun run, List<ProfileOptions> options, PromptSet prompts) {
    int fewest = prompts.prompts().size();
    for (ProfileOptions o : options) {
      fewest = Math.min(fewest, read(run, o, prompts).map(p -> p.prompts().size()).orElse(0));
    }
    return prompts.prompts().size() - fewest;
  }

  /**
   * One profile per way of sampling, from the folder or drawn and kept.
   *
   * @param onPrompt told the position behind each prompt that is drawn
   */
  public List<AttentionProfile> profiles(
      ProfileRun run, List<ProfileOptions> options, PromptSet prompts, IntConsumer onPrompt)
      throws IOException {
    int all = prompts.prompts().size();
    List<Optional<AttentionProfile>> kept = new ArrayList<>();
    for (ProfileOptions o : options) {
      kept.add(read(run, o, prompts));
    }
    for (int from = fewest(kept); from < all; from = fewest(kept)) {
      List<Integer> lagging = new ArrayList<>();
      int to = Math.min(all, from + PART);
      for (int o = 0; o < kept.size(); o++) {
        int held = held(kept.get(o));
        if (held == from) {
          lagging.add(o);
        } else {
          to = Math.min(to, held);
        }
      }
      List<AttentionProfile> drawn =
          run.measure(
              model,
              lagging.stream().map(options::get).toList(),
              prompts.prompts(),
              from,
              to,
              onPrompt);
      for (int i = 0; i < drawn.size(); i++) {
        AttentionProfile part = drawn.get(i);
        AttentionProfile longer =
            kept.get(lagging.get(i)).map(before -> before.combine(part)).orElse(part);
        write(run, prompts, longer);
        kept.set(lagging.get(i), Optional.of(longer));
      }
    }
    return kept.stream()
        .map(Optional::orElseThrow)
        .map(p -> AttentionProfile.of(p.geometry(), p.options(), p.prompts().subList(0, all)))
        .toList();
  }

  private static int fewest(List<Optional<AttentionProfile>> kept) {
    return kept.stream().mapToInt(StatisticsStore::held).min().orElseThrow();
  }

  private static int held(Optional<AttentionProfile> kept) {
    return kept.map(p -> p.prompts().size()).orElse(0);
  }

  private Optional<AttentionProfile> read(
      ProfileRun run, ProfileOptions options, PromptSet prompts) {
    Path file = file(run, options, prompts);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    StatisticsFile.Kept kept = StatisticsFile.read(file);
    int held = kept.profile().prompts().size();
    if (!kept.source().equals(origin(run, prompts))
        || !kept.profile().options().equals(options)
        || held == 0
        || kept.profile().prompts().get(held - 1).prompt() != held - 1) {
      throw new IllegalArgumentException(
          file
              + ": statistics of the first prompts of "
              + origin(run, prompts)
              + ", "
              + options
              + " expected, got "
              + held
              + " prompts of "
              + kept.source()
              + ", "
              + kept.profile().options());
    }
    return Optional.of(kept.profile());
  }
}
