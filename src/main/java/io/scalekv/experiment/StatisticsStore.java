package io.scalekv.experiment;

import io.scalekv.experiment.Calibrator.PromptSet;
import io.scalekv.files.Sha256;
import io.scalekv.model.ImageModel;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.StatisticsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * A folder of statistics, one {@link StatisticsFile} per model, prompt set, way of drawing and way
 * of sampling, named by a hash of these. What is there is not drawn again.
 */
public final class StatisticsStore {
  private static final int NAME_DIGITS = 16;

  private final Path folder;
  private final ImageModel model;
  private final String dtype;

  /**
   * The store in a folder, which need not exist.
   *
   * @param dtype number format of weights and cache, which the statistics depend on
   */
  public StatisticsStore(Path folder, ImageModel model, String dtype) {
    this.folder = folder;
    this.model = model;
    this.dtype = dtype;
  }

  /** Where the attention of these prompts comes from, by name. */
  public SortedMap<String, String> source(ProfileRun run, PromptSet prompts) {
    SortedMap<String, String> source = new TreeMap<>();
    source.put("model", model.config().name());
    source.put("weights", model.weightHash());
    source.put("dtype", dtype);
    source.put("promptFile", prompts.name());
    source.put("promptSha256", prompts.sha256());
    source.put("prompts", Integer.toString(prompts.prompts().size()));
    source.put("schedule", run.schedule().maps().toString());
    source.put("aspect", Double.toString(run.aspect()));
    source.put("cfg", Double.toString(run.generation().cfg()));
    source.put("tau", Double.toString(run.generation().tau()));
    source.put("topP", Double.toString(run.generation().topP()));
    source.put("negative", run.negative());
    source.put("seed", Long.toString(run.seed()));
    return source;
  }

  /** Where the statistics of these prompts are kept. */
  public Path file(ProfileRun run, ProfileOptions options, PromptSet prompts) {
    String key = source(run, prompts) + " " + options;
    String hash = Sha256.of(key.getBytes(StandardCharsets.UTF_8));
    return folder.resolve("statistics-" + hash.substring(0, NAME_DIGITS) + ".safetensors");
  }

  /** Keeps a profile. */
  public void keep(ProfileRun run, PromptSet prompts, AttentionProfile profile) throws IOException {
    Files.createDirectories(folder);
    StatisticsFile.write(profile, source(run, prompts), file(run, profile.options(), prompts));
  }

  /** Whether nothing of this has to be drawn. */
  public boolean has(ProfileRun run, List<ProfileOptions> options, PromptSet prompts) {
    return options.stream().allMatch(o -> Files.isRegularFile(file(run, o, prompts)));
  }

  /**
   * One profile per way of sampling, from the folder or drawn and kept.
   *
   * @param onPrompt told the number of prompts done after each that is drawn
   */
  public List<AttentionProfile> profiles(
      ProfileRun run, List<ProfileOptions> options, PromptSet prompts, IntConsumer onPrompt)
      throws IOException {
    List<ProfileOptions> missing =
        options.stream().filter(o -> !Files.isRegularFile(file(run, o, prompts))).toList();
    List<AttentionProfile> drawn =
        missing.isEmpty() ? List.of() : run.measure(model, missing, prompts.prompts(), onPrompt);
    for (AttentionProfile profile : drawn) {
      keep(run, prompts, profile);
    }
    List<AttentionProfile> all = new ArrayList<>();
    for (ProfileOptions o : options) {
      int at = missing.indexOf(o);
      all.add(at >= 0 ? drawn.get(at) : read(run, o, prompts));
    }
    return all;
  }

  private AttentionProfile read(ProfileRun run, ProfileOptions options, PromptSet prompts) {
    Path file = file(run, options, prompts);
    StatisticsFile.Kept kept = StatisticsFile.read(file);
    if (!kept.source().equals(source(run, prompts)) || !kept.profile().options().equals(options)) {
      throw new IllegalArgumentException(
          file
              + ": statistics of "
              + source(run, prompts)
              + ", "
              + options
              + " expected, got those of "
              + kept.source()
              + ", "
              + kept.profile().options());
    }
    return kept.profile();
  }
}
