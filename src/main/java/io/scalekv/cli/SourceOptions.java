package io.scalekv.cli;

import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.io.Require;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.profile.trace.TraceRecording;
import io.scalekv.roles.CalibrationRun;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.lang.reflect.Member;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Source of attention: a model that draws prompts, or a recording of one. */
final class SourceOptions {
  private static final Set<Class<?>> OF_MODELS =
      Set.of(
          ModelOptions.class,
          PromptOptions.class,
          DrawingOptions.class,
          SizeOptions.class,
          MachineOptions.class);
  private static final List<String> OF_BOTH = List.of("--seed", "--batch");

  @Mixin private ModelOptions model;
  @Mixin private PromptOptions prompts;
  @Mixin private DrawingOptions drawing;
  @Mixin private MachineOptions machine;

  @HelpGroup(HelpGroup.Heading.MODEL)
  @Option(
      names = "--traces",
      paramLabel = "DIR",
      description =
          "Folder of recorded attention, in place of a model and prompts; see ./scalekv traces.")
  private Path traces;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /**
   * Attention before any weight is loaded.
   *
   * @param name of the model
   * @param images number of images
   * @param tappedParts names of the parts that cost no further passes and can be measured
   * @param memory memory of the model's cache in given number formats
   * @param opener opens the source of some images
   */
  record Attention(
      String name,
      int images,
      Set<String> tappedParts,
      Function<FormatOptions, MemoryModel> memory,
      BiFunction<int[], Output, Opened> opener) {}

  /**
   * Open source.
   *
   * @param source the attention
   * @param model facts of the model, by name
   * @param weights released with it; null for none
   */
  record Opened(AttentionSource source, SortedMap<String, String> model, ImageModel weights)
      implements AutoCloseable {
    @Override
    public void close() {
      if (weights != null) {
        weights.close();
      }
    }
  }

  /** Returns the seed of images, or of what is drawn from a recording. */
  int seed() {
    return drawing.seed();
  }

  /** Returns the images drawn together. */
  int batch() {
    return drawing.batch();
  }

  /** Reads prompts, or the recording. */
  Attention read() throws IOException {
    if (traces == null) {
      return drawn(model.config());
    }
    for (OptionSpec option : command.commandLine().getParseResult().matchedOptionsSet()) {
      boolean ofModels =
          option.userObject() instanceof Member member
              && OF_MODELS.contains(member.getDeclaringClass())
              && !OF_BOTH.contains(option.longestName());
      Require.that(!ofModels, "give either --traces or %s", option.longestName());
    }
    return recorded(RecordedAttention.open(traces));
  }

  /** Returns the attention of a model that draws. */
  private Attention drawn(ModelConfig config) {
    PromptSet set = prompts.read(config);
    Drawing how = drawing.drawing(config, null);
    return new Attention(
        config.name(),
        how.images(set.prompts()).size(),
        CalibrationRun.tappedParts(),
        formats ->
            formats.memory(
                config.geometry(), model.valueType(), how.sampling().guided(), drawing.batch()),
        (images, output) -> {
          List<String> texts =
              Arrays.stream(images)
                  .map(i -> i / how.seeds())
                  .distinct()
                  .mapToObj(set.prompts()::get)
                  .toList();
          ImageModel opened = model.open(machine, texts, false, output);
          return new Opened(new DrawnAttention(opened, how, set), opened.provenance(), opened);
        });
  }

  /** Returns recorded attention. */
  private Attention recorded(RecordedAttention source) {
    TraceRecording recording = source.manifest().recording();
    Set<String> parts = new TreeSet<>(CalibrationRun.tappedParts());
    parts.removeAll(CalibrationRun.lackedParts(source).keySet());
    return new Attention(
        recording.model(),
        source.images(),
        parts,
        formats ->
            formats.memory(
                source.geometry(),
                recording.type() == StoredType.F32 ? CacheType.FP32 : CacheType.BF16,
                recording.guidance() != TraceRecording.Guidance.NONE,
                drawing.batch()),
        (images, output) -> new Opened(source, new TreeMap<>(source.provenance()), null));
  }
}
