package io.scalekv.profile.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.Branch;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.StatisticsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import tools.jackson.databind.JsonNode;

/**
 * Attention recorded where a model ran: a folder with {@code trace.json}. Images are its prompts,
 * by their place in the manifest; taps get them by their index in the prompt set.
 *
 * <p>Images are replayed one by one, layer by layer, the scales of a layer in order. Memory: keys
 * and values of one layer of one prompt as float32, and the queries of one map.
 */
public final class RecordedAttention implements AttentionSource {
  private final Path folder;
  private final TraceManifest manifest;
  private final AttentionProfile statistics;

  private RecordedAttention(Path folder, TraceManifest manifest, AttentionProfile statistics) {
    this.folder = folder;
    this.manifest = manifest;
    this.statistics = statistics;
  }

  /**
   * Opens a recording. Of every file the table of contents is checked, and for statistics the
   * values are read.
   *
   * @throws IllegalArgumentException if a file is absent or holds something else; one line
   */
  public static RecordedAttention open(Path folder) throws IOException {
    Require.that(
        Files.isRegularFile(folder.resolve(TraceManifest.FILE)),
        "%s: must be the folder of a recording, but %s is missing",
        folder,
        TraceManifest.FILE);
    TraceManifest manifest = TraceManifest.read(folder);
    Require.that(
        !manifest.prompts().isEmpty(), "%s: recording must have a prompt, got none", folder);
    AttentionProfile statistics = null;
    for (TraceManifest.Prompt prompt : manifest.prompts()) {
      if (manifest.recording().form() == TraceRecording.Form.TENSORS) {
        TraceFile.open(folder, manifest, prompt).close();
      } else {
        AttentionProfile one = statistics(folder, manifest, prompt);
        statistics = statistics == null ? one : statistics.combine(one);
      }
    }
    return new RecordedAttention(folder, manifest, statistics);
  }

  private static AttentionProfile statistics(
      Path folder, TraceManifest manifest, TraceManifest.Prompt prompt) {
    Path file = folder.resolve(prompt.file());
    StatisticsFile.Content content = StatisticsFile.read(file);
    AttentionProfile profile = content.profile();
    TraceRecording recording = manifest.recording();
    Require.that(
        profile.geometry().equals(recording.shape()),
        "%s: statistics must be of %s, got %s",
        file,
        recording.shape(),
        profile.geometry());
    Require.that(
        profile.prompts().size() == 1 && profile.prompts().get(0).prompt() == prompt.index(),
        "%s: statistics must be of prompt %d, got %s",
        file,
        prompt.index(),
        profile.prompts());
    ProfileOptions options = profile.options();
    Require.that(
        options.querySamples() == recording.queries() && options.seed() == recording.samplingSeed(),
        "%s: rows of statistics must be drawn as in %s, got %s",
        file,
        TraceManifest.FILE,
        options);
    return profile;
  }

  /** Returns what the folder holds. */
  public TraceManifest manifest() {
    return manifest;
  }

  @Override
  public Geometry geometry() {
    return manifest.recording().geometry();
  }

  @Override
  public ScaleSchedule schedule() {
    return manifest.recording().schedule();
  }

  @Override
  public int images() {
    return manifest.prompts().size();
  }

  @Override
  public Optional<TokenMap> rotaryReference() {
    return manifest.recording().rotaryReference();
  }

  @Override
  public Set<Content> content() {
    TraceRecording recording = manifest.recording();
    Set<Content> content = EnumSet.noneOf(Content.class);
    if (recording.allQueries()) {
      content.add(Content.ALL_QUERIES);
    }
    if (recording.knowsRotation()) {
      content.add(Content.ROTATION);
    }
    if (recording.form() == TraceRecording.Form.TENSORS) {
      content.add(Content.TENSORS);
      if (recording.values()) {
        content.add(Content.VALUES);
      }
    }
    return content;
  }

  @Override
  public Optional<AttentionProfile> statistics() {
    return Optional.ofNullable(statistics);
  }

  @Override
  public ProfileOptions sampling(ProfileOptions wanted) {
    TraceRecording recording = manifest.recording();
    Require.that(
        recording.allQueries() || wanted.querySamples() != ProfileOptions.ALL,
        "query rows must be at most %d, as recorded in %s, got all: record with queries=\"all\"",
        recording.queries(),
        folder);
    if (wanted.cutTokens() > 0) {
      AttentionSource.require(
          this,
          "the error of a simulated cut",
          EnumSet.of(Content.TENSORS, Content.ALL_QUERIES, Content.VALUES));
    }
    if (statistics == null) {
      return wanted
          .withSeed(recording.samplingSeed())
          .withQuerySamples(Math.min(wanted.querySamples(), recording.queries()));
    }
    Require.that(
        wanted.historyTopK().equals(statistics.options().historyTopK()),
        "K' must be %s, as recorded in %s, got %s: record with statistics=False",
        statistics.options().historyTopK(),
        folder,
        wanted.historyTopK());
    return statistics.options();
  }

  @Override
  public SortedMap<String, String> provenance() {
    TraceRecording recording = manifest.recording();
    SortedMap<String, String> facts = new TreeMap<>();
    TraceManifest.fields(recording).forEach((name, value) -> facts.put(name, text(value)));
    facts.remove("info");
    for (String name : recording.info().propertyNames()) {
      facts.putIfAbsent(name, text(recording.info().get(name)));
    }
    String sha256 = facts.getOrDefault("weightsSha256", "");
    facts.put("weights", sha256.matches("[0-9a-f]{64}") ? "sha256:" + sha256 : "unknown");
    facts.put("prompts", Integer.toString(images()));
    facts.put("recordedWith", manifest.torch());
    return facts;
  }

  private static String text(Object value) {
    return value instanceof JsonNode node && node.isString()
        ? node.stringValue()
        : String.valueOf(value);
  }

  @Override
  public void replay(int[] images, int batch, Observer observer, IntConsumer progress) {
    AttentionSource.require(this, "replay", EnumSet.of(Content.TENSORS));
    for (int i = 0; i < images.length; i++) {
      TraceManifest.Prompt prompt = manifest.prompts().get(images[i]);
      List<? extends AttentionTap> taps = observer.taps(prompt.index());
      try (TraceFile file = TraceFile.open(folder, manifest, prompt)) {
        for (int l = 0; l < geometry().layers(); l++) {
          replay(file, l, taps);
        }
      }
      observer.replayed(prompt.index());
      progress.accept(i + 1);
    }
  }

  /** Replays one layer of one prompt. */
  private void replay(TraceFile file, int layer, List<? extends AttentionTap> taps) {
    TraceRecording recording = manifest.recording();
    ScaleSchedule schedule = schedule();
    int branches = file.guidedScales() > 0 ? 2 : 1;
    Shape all =
        new Shape(branches, geometry().heads(), schedule.totalTokens(), geometry().headWidth());
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray keys = manager.zeros(all);
      NDArray values = recording.values() ? manager.zeros(all) : keys;
      for (int s = 0; s < schedule.scales(); s++) {
        int rows = s < file.guidedScales() ? 2 : 1;
        try (NDManager scope = manager.newSubManager()) {
          NDArray query = scope.zeros(new Shape(rows, all.get(1), recording.rows(s), all.get(3)));
          for (int b = 0; b < rows; b++) {
            Branch branch = Branch.values()[b];
            NDIndex own = new NDIndex("{}:{},:,:", b, b + 1);
            query.set(own, file.load(layer, s, branch, 'q', scope));
            NDIndex added =
                new NDIndex(
                    "{}:{},:,{}:{}",
                    b,
                    b + 1,
                    schedule.tokensBefore(s),
                    schedule.tokensBefore(s + 1));
            keys.set(added, file.load(layer, s, branch, 'k', scope));
            if (recording.values()) {
              values.set(added, file.load(layer, s, branch, 'v', scope));
            }
          }
          int[] sampled = recording.namesRows() ? file.rows(layer, s) : null;
          AttentionSite site =
              new AttentionSite(layer, s, schedule, 1, recording.softmaxScale(), sampled);
          NDIndex seen = new NDIndex("0:{},:,0:{}", rows, schedule.tokensBefore(s + 1));
          NDArray key = keys.get(seen);
          key.attach(scope);
          NDArray value = values == keys ? key : values.get(seen);
          value.attach(scope);
          taps.forEach(tap -> tap.attend(site, query, key, value));
        }
      }
    }
  }

  @Override
  public boolean draws() {
    return false;
  }

  @Override
  public Optional<double[]> changedCodes(
      List<CachePolicy> policies, int images, int batch, IntConsumer progress) {
    return Optional.empty();
  }
}
