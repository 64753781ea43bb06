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

  /** Attention before any weight is loaded. */
  interface Attention {
    /** Returns the name of the model. */
    String name();

    /** Returns the memory of the model's cache. */
    MemoryModel memory(FormatOptions formats);

    /** Returns the number of images. */
    int images();

    /** Returns the names of the parts that cost no further passes and can be measured. */
    Set<String> tappedParts();

    /**
     * Opens the source.
     *
     * @param images that will be replayed
     */
    Opened open(int[] images, Output output);
  }

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
      ModelConfig config = model.config();
      PromptSet set = prompts.read(config);
      return new Drawn(config, drawing.drawing(config), set);
    }
    for (OptionSpec option : command.commandLine().getParseResult().matchedOptionsSet()) {
      boolean ofModels =
          option.userObject() instanceof Member member
              && OF_MODELS.contains(member.getDeclaringClass())
              && !OF_BOTH.contains(option.longestName());
      Require.that(!ofModels, "give either --traces or %s", option.longestName());
    }
    return new Recorded(RecordedAttention.open(traces));
  }

  /** Attention of a model that draws. */
  private final class Drawn implements Attention {
    private final ModelConfig config;
    private final Drawing how;
    private final PromptSet set;

    Drawn(ModelConfig config, Drawing how, PromptSet set) {
      this.config = config;
      this.how = how;
      this.set = set;
    }

    @Override
    public String name() {
      return config.name();
    }

    @Override
    public MemoryModel memory(FormatOptions formats) {
      return formats.memory(
          config.geometry(), model.valueType(), how.sampling().guided(), drawing.batch());
    }

    @Override
    public int images() {
      return how.images(set.prompts()).size();
    }

    @Override
    public Set<String> tappedParts() {
      return CalibrationRun.tappedParts();
    }

    @Override
    public Opened open(int[] images, Output output) {
      List<String> texts =
          Arrays.stream(images)
              .map(i -> i / how.seeds())
              .distinct()
              .mapToObj(set.prompts()::get)
              .toList();
      ImageModel opened = model.open(machine, texts, false, output);
      return new Opened(new DrawnAttention(opened, how, set), opened.provenance(), opened);
    }
  }

  /** Recorded attention. */
  private final class Recorded implements Attention {
    private final RecordedAttention source;

    Recorded(RecordedAttention source) {
      this.source = source;
    }

    @Override
    public String name() {
      return source.manifest().recording().model();
    }

    @Override
    public MemoryModel memory(FormatOptions formats) {
      TraceRecording recording = source.manifest().recording();
      return formats.memory(
          source.geometry(),
          recording.type() == StoredType.F32 ? CacheType.FP32 : CacheType.BF16,
          recording.guidance() != TraceRecording.Guidance.NONE,
          drawing.batch());
    }

    @Override
    public int images() {
      return source.images();
    }

    @Override
    public Set<String> tappedParts() {
      Set<String> parts = new TreeSet<>(CalibrationRun.tappedParts());
      parts.removeAll(CalibrationRun.lackedParts(source).keySet());
      return parts;
    }

    @Override
    public Opened open(int[] images, Output output) {
      return new Opened(source, new TreeMap<>(source.provenance()), null);
    }
  }
}
