package io.scalekv.experiment.folders;

import io.scalekv.experiment.FeatureNets;
import io.scalekv.experiment.Metrics;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.folders.FolderScores.Kind;
import io.scalekv.image.ImageFile;
import io.scalekv.image.RgbImage;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.FidelityMetric;
import io.scalekv.metrics.Frechet;
import io.scalekv.metrics.ImageMetrics;
import io.scalekv.metrics.ImagePair;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.Kid;
import io.scalekv.metrics.Ladder;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.LpipsProxy;
import io.scalekv.metrics.Metric;
import io.scalekv.metrics.Metric.Net;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.ReferenceFeatures;
import io.scalekv.metrics.Scoring;
import io.scalekv.metrics.SetMetric;
import io.scalekv.metrics.Workers;
import io.scalekv.scene.PromptFile;
import io.scalekv.tensor.Cancellation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Scoring of image folders against a reference folder, pair by pair of equal relative names, in
 * batches: memory grows by numbers and, for distances of sets, by one feature vector an image.
 * Every scored pair is on disk after its batch, known by the hashes of its files; another scoring
 * into the same folder takes it from there.
 */
public final class FolderScoring {
  /** Reference images that rulers are made of, unless asked for otherwise. */
  public static final int RULER_IMAGES = 20;

  private static final int BATCH = 8;

  /**
   * What to score.
   *
   * @param reference folder of reference images
   * @param images folders to be judged, at least one
   * @param ruler folder of other seeds of the same prompts, or null
   * @param baseline the folder among {@code images} that the others are compared with, or null
   * @param prompts file of captions, or null
   * @param metrics keys; empty for every one that needs no file which is not there
   * @param nets the user's nets
   * @param reading treatment of alpha and orientation
   * @param strict whether an image in one folder only is an error
   * @param rulerImages reference images that rulers are made of; 0 for no such rulers
   * @param threads of decoding and of metrics without a net
   */
  public record Request(
      Path reference,
      List<Path> images,
      Path ruler,
      Path baseline,
      Path prompts,
      List<String> metrics,
      UserNets nets,
      ImageFile.Options reading,
      boolean strict,
      int rulerImages,
      int threads) {
    /** Copies the lists. */
    public Request {
      Require.that(!images.isEmpty(), "missing folders to score: give --images");
      images = List.copyOf(images);
      metrics = List.copyOf(metrics);
      Require.between("ruler images", rulerImages, 0, Integer.MAX_VALUE);
    }

    /** Returns a request with defaults. */
    public static Request of(Path reference, List<Path> images) {
      return new Request(
          reference,
          images,
          null,
          null,
          null,
          List.of(),
          UserNets.NONE,
          ImageFile.Options.PILLOW,
          false,
          RULER_IMAGES,
          Runtime.getRuntime().availableProcessors());
    }
  }

  /** A row that is being scored. */
  private record Entry(
      String name,
      Kind kind,
      ImageFolder folder,
      Ladder rung,
      SortedSet<String> ids,
      Scoring scoring,
      List<PairScore> pairs) {
    /** Returns the folder in the lines of its pairs. */
    String images(ImageFolder reference) {
      return (folder == null ? reference : folder).path().toString();
    }
  }

  /** A file of the batch: its hash, and its pixels once they are needed. */
  private static final class Loaded {
    private final Path file;
    private final byte[] bytes;
    private final String sha256;
    private ImageFile image;

    private Loaded(Path file) {
      this.file = file;
      try {
        bytes = Files.readAllBytes(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      sha256 = Sha256.of(bytes);
    }
  }

  /** A pair of the batch. */
  private record Todo(String id, Loaded reference, Loaded image) {}

  private final Request request;
  private final Path out;
  private final List<Metric> metrics;
  private final Run.Nets nets;
  private final String settings;
  private final ImageFolder reference;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, String> captions;
  private final Map<String, Integer> groups = new TreeMap<>();
  private final Map<String, List<String>> unpaired = new LinkedHashMap<>();
  private final SortedSet<String> ids = new TreeSet<>();
  private final String baseline;
  private final Map<Set<String>, ReferenceFeatures> known = new HashMap<>();
  private final Workers workers;

  private FolderScoring(Request request, Path out, FeatureNets opened, Workers workers)
      throws IOException {
    this.request = request;
    this.out = out;
    this.workers = workers;
    metrics = metrics(request);
    nets = FeatureNets.names(request.nets());
    String facts = Json.MAPPER.writeValueAsString(List.of(nets, request.reading()));
    settings = Sha256.of(facts.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    List<Path> paths = new ArrayList<>(List.of(request.reference()));
    paths.addAll(request.images());
    if (request.ruler() != null) {
      paths.add(request.ruler());
    }
    List<ImageFolder> folders = new ArrayList<>(ImageFolder.read(paths, out));
    reference = folders.get(0);
    if (request.ruler() != null) {
      ImageFolder seeds = folders.remove(folders.size() - 1);
      boolean common = seeds.files().keySet().stream().anyMatch(reference.files()::containsKey);
      folders.add(common ? seeds : seeds.named(reference));
    }
    captions = captions(request.prompts());
    for (int i = 1; i < folders.size(); i++) {
      boolean candidate = i <= request.images().size();
      ImageFolder folder = folders.get(i);
      add(opened, folder.name(), candidate ? Kind.CANDIDATE : Kind.OTHER_SEED, folder, null);
    }
    baseline = baseline();
    entries.forEach(e -> ids.addAll(e.ids()));
    listUnpaired(folders);
    checkCaptions();
    group();
    if (request.rulerImages() > 0) {
      add(opened, "identical", Kind.IDENTICAL, null, null);
      for (Ladder rung : Ladder.values()) {
        add(opened, rung.label(), Kind.DISTORTION, null, rung);
      }
    }
  }

  /**
   * Scores folders.
   *
   * @param out folder of {@code pairs.jsonl}, {@code rulers.jsonl} and {@code features.bin}, which
   *     exists; null for no files at all
   * @throws IllegalArgumentException for a folder without images or pairs, a damaged file, or two
   *     images of a pair that differ in size
   */
  public static FolderScores run(Request request, Path out, RunListener listener)
      throws IOException {
    try (FeatureNets opened = FeatureNets.withoutModel(request.nets());
        Workers workers = Workers.of(request.threads())) {
      return new FolderScoring(request, out, opened, workers).run(listener);
    } finally {
      listener.finished();
    }
  }

  /** Returns the metrics asked for, and those of the user's files. */
  private static List<Metric> metrics(Request request) {
    UserNets nets = request.nets();
    Set<String> keys = new LinkedHashSet<>(request.metrics());
    if (keys.isEmpty()) {
      Metrics.all().stream()
          .filter(m -> m instanceof FidelityMetric && Metrics.isCompared(m))
          .filter(m -> m.net() == Net.NONE || m.net() == Net.FEATURES)
          .filter(m -> m != ImageMetrics.BITS)
          .forEach(m -> keys.add(m.key()));
      keys.addAll(List.of(Frechet.METRIC.key(), Kid.METRIC.key()));
    }
    if (nets.lpips() != null) {
      keys.add(Lpips.METRIC.key());
    }
    if (nets.inception() != null) {
      keys.addAll(List.of(InceptionFeatures.FID.key(), InceptionFeatures.KID.key()));
    }
    List<Metric> metrics = Metrics.named(List.copyOf(keys));
    for (Metric m : metrics) {
      Require.that(
          m != ImageMetrics.BITS && (m instanceof SetMetric || Metrics.isCompared(m)),
          "metric must be one of images against a reference, got %s",
          m.key());
      Require.that(
          m.net() != Net.LPIPS || nets.lpips() != null, "missing LPIPS file: give --lpips FILE");
      Require.that(
          m.net() != Net.INCEPTION || nets.inception() != null,
          "missing Inception file: give --inception FILE");
    }
    return metrics;
  }

  private void add(FeatureNets opened, String name, Kind kind, ImageFolder folder, Ladder rung) {
    SortedSet<String> own = new TreeSet<>(folder == null ? rulerIds() : folder.files().keySet());
    own.retainAll(reference.files().keySet());
    Require.that(
        !own.isEmpty(),
        "%s and %s must have an image of one name, got none",
        reference.path(),
        folder == null ? "the others" : folder.path());
    ReferenceFeatures shared = known.computeIfAbsent(own, k -> new ReferenceFeatures());
    Scoring scoring = new Scoring(metrics, opened.of(nets), shared, workers);
    entries.add(new Entry(name, kind, folder, rung, own, scoring, new ArrayList<>()));
  }

  /** Returns ids evenly spread over all. */
  private Set<String> rulerIds() {
    List<String> all = List.copyOf(ids);
    int n = Math.min(request.rulerImages(), all.size());
    Set<String> chosen = new TreeSet<>();
    for (int i = 0; i < n; i++) {
      chosen.add(all.get((int) ((long) i * all.size() / n)));
    }
    return chosen;
  }

  private void listUnpaired(List<ImageFolder> folders) {
    for (ImageFolder folder : folders) {
      Set<String> alone = new TreeSet<>(folder.files().keySet());
      alone.removeAll(folder.equals(reference) ? ids : reference.files().keySet());
      if (!alone.isEmpty()) {
        unpaired.put(folder.path().toString(), List.copyOf(alone));
      }
    }
    for (Entry e : entries) {
      Set<String> missing = new TreeSet<>(ids);
      missing.removeAll(e.ids());
      missing.removeAll(unpaired.getOrDefault(reference.path().toString(), List.of()));
      Require.that(
          !request.strict() || missing.isEmpty(),
          "every image must be in every folder (--strict), got %d that %s lacks, such as %s",
          missing.size(),
          e.folder().path(),
          missing.isEmpty() ? "" : missing.iterator().next());
    }
    for (Map.Entry<String, List<String>> e : unpaired.entrySet()) {
      Require.that(
          !request.strict(),
          "every image must be in every folder (--strict), got %d in %s only, such as %s",
          e.getValue().size(),
          e.getKey(),
          e.getValue().get(0));
    }
  }

  /** Returns captions by image id: the id in the prompt file and the name that HeatKV gives. */
  private static Map<String, String> captions(Path file) {
    Map<String, String> captions = new HashMap<>();
    List<PromptFile.Entry> entries = file == null ? List.of() : PromptFile.entries(file);
    for (int i = 0; i < entries.size(); i++) {
      String id = entries.get(i).id() == null ? String.valueOf(i) : entries.get(i).id();
      captions.put(id, entries.get(i).text());
      if (id.matches("[0-9]{1,9}")) {
        String name = String.format(Locale.ROOT, "%06d", Integer.parseInt(id));
        captions.putIfAbsent(name, entries.get(i).text());
      }
    }
    return captions;
  }

  private void checkCaptions() {
    Require.that(
        captions.isEmpty() || ids.stream().anyMatch(captions::containsKey),
        "%s must have the caption of an image (index 7 is 000007.png), got none",
        request.prompts());
  }

  /** Numbers the groups: images of one caption, or each image by itself. */
  private void group() {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    for (String id : ids) {
      String group = captions.containsKey(id) ? "caption " + captions.get(id) : "id " + id;
      numbers.putIfAbsent(group, numbers.size());
      groups.put(id, numbers.get(group));
    }
  }

  private Path file(String name) {
    return out == null ? null : out.resolve(name);
  }

  private FolderScores run(RunListener listener) throws IOException {
    try (PairFile pairs = PairFile.open(file("pairs.jsonl"), metrics, settings);
        PairFile rulers = PairFile.open(file("rulers.jsonl"), metrics, settings);
        FeatureStore features = FeatureStore.open(file("features.bin"))) {
      int all = entries.stream().mapToInt(e -> e.ids().size()).sum();
      List<List<String>> batches = batches();
      int found = batches.stream().mapToInt(batch -> found(batch, pairs, rulers)).sum();
      if (found > 0) {
        listener.say("%d of %d pairs found, %d to do".formatted(found, all, all - found));
      }
      listener.planned(all - found);
      for (List<String> batch : batches) {
        Cancellation.check();
        batch(batch, pairs, rulers, features, listener);
        features.flush();
        pairs.flush();
        rulers.flush();
      }
      pairs.write(ordered(false));
      rulers.write(ordered(true));
    }
    return scores();
  }

  private List<List<String>> batches() {
    List<String> all = List.copyOf(ids);
    List<List<String>> batches = new ArrayList<>();
    for (int at = 0; at < all.size(); at += BATCH) {
      batches.add(all.subList(at, Math.min(all.size(), at + BATCH)));
    }
    return batches;
  }

  /** Returns the pairs in batches that are wholly in the files. */
  private int found(List<String> batch, PairFile pairs, PairFile rulers) {
    int found = 0;
    for (Entry e : entries) {
      PairFile file = e.kind() == Kind.CANDIDATE ? pairs : rulers;
      List<String> own = batch.stream().filter(e.ids()::contains).toList();
      boolean all =
          own.stream().allMatch(id -> file.find(e.images(reference), e.name(), id).isPresent());
      found += all ? own.size() : 0;
    }
    return found;
  }

  private List<PairScore> ordered(boolean rulers) {
    return entries.stream()
        .filter(e -> rulers == (e.kind() != Kind.CANDIDATE))
        .flatMap(e -> e.pairs().stream())
        .sorted(Comparator.comparing(PairScore::id))
        .toList();
  }

  private void batch(
      List<String> batch,
      PairFile pairs,
      PairFile rulers,
      FeatureStore features,
      RunListener listener)
      throws IOException {
    Map<Path, Loaded> files = load(batch);
    Map<Entry, List<Todo>> all = new LinkedHashMap<>();
    Set<Loaded> needed = new LinkedHashSet<>();
    for (Entry e : entries) {
      List<Todo> pairsOf = new ArrayList<>();
      for (String id : batch) {
        if (e.ids().contains(id)) {
          Loaded ref = files.get(reference.files().get(id));
          Loaded image = e.folder() == null ? ref : files.get(e.folder().files().get(id));
          pairsOf.add(new Todo(id, ref, image));
        }
      }
      // features depend on the batch in their last digits: all of it is found, or none
      if (!restored(e, pairsOf, e.kind() == Kind.CANDIDATE ? pairs : rulers, features)) {
        all.put(e, pairsOf);
        pairsOf.forEach(t -> needed.addAll(List.of(t.reference(), t.image())));
      }
    }
    workers.map(
        List.copyOf(needed), f -> f.image = ImageFile.of(f.bytes, f.file, request.reading()));
    for (Map.Entry<Entry, List<Todo>> e : all.entrySet()) {
      PairFile file = e.getKey().kind() == Kind.CANDIDATE ? pairs : rulers;
      score(e.getKey(), e.getValue(), file, features);
      e.getValue().forEach(t -> listener.step(batch.get(batch.size() - 1)));
    }
    known.values().forEach(ReferenceFeatures::clear);
  }

  private Map<Path, Loaded> load(List<String> batch) {
    Set<Path> paths = new LinkedHashSet<>();
    for (String id : batch) {
      for (Entry e : entries) {
        if (e.ids().contains(id)) {
          paths.add(reference.files().get(id));
          if (e.folder() != null) {
            paths.add(e.folder().files().get(id));
          }
        }
      }
    }
    Map<Path, Loaded> files = new LinkedHashMap<>();
    workers.map(List.copyOf(paths), Loaded::new).forEach(f -> files.put(f.file, f));
    return files;
  }

  /** Takes the pairs of a batch from the disk if all are there, of the same files. */
  private boolean restored(Entry e, List<Todo> batch, PairFile file, FeatureStore features) {
    List<PairScore> found = new ArrayList<>();
    List<Map<Net, Scoring.Vectors>> vectors = new ArrayList<>();
    for (Todo t : batch) {
      PairScore p = file.find(e.images(reference), e.name(), t.id()).orElse(null);
      if (p == null
          || !p.referenceSha256().equals(t.reference().sha256)
          || !p.imageSha256().equals(t.image().sha256)) {
        return false;
      }
      Map<Net, Scoring.Vectors> ofPair = new EnumMap<>(Net.class);
      for (Net net : List.of(Net.FEATURES, Net.INCEPTION)) {
        if (metrics.stream().anyMatch(m -> m instanceof SetMetric && m.net() == net)) {
          double[] x = features.get(key(net, t.reference(), ""));
          double[] y = features.get(key(net, t.image(), rung(e)));
          if (x != null && y != null) {
            ofPair.put(net, new Scoring.Vectors(x, y));
          } else if (net == Net.INCEPTION || p.shortestSide() >= LpipsProxy.METRIC.leastSide()) {
            return false;
          }
        }
      }
      found.add(p);
      vectors.add(ofPair);
    }
    for (int i = 0; i < found.size(); i++) {
      PairScore p = found.get(i);
      e.pairs().add(p);
      e.scoring()
          .restore(
              new Scoring.Score(groups.get(p.id()), p.identical(), p.values()),
              p.shortestSide(),
              vectors.get(i));
    }
    return true;
  }

  private static String rung(Entry e) {
    return e.rung() == null ? "" : e.rung().label();
  }

  private String key(Net net, Loaded file, String rung) {
    return net + " " + settings + " " + file.sha256 + " " + rung;
  }

  private void score(Entry e, List<Todo> todo, PairFile file, FeatureStore features)
      throws IOException {
    List<ImagePair> pairs = workers.map(todo, t -> pair(e, t));
    Scoring scoring = e.scoring();
    int from = scoring.size();
    scoring.accept(pairs);
    List<Scoring.Score> scores = scoring.scores();
    for (int i = 0; i < todo.size(); i++) {
      Todo t = todo.get(i);
      for (Map.Entry<Net, Scoring.Vectors> v : scoring.vectors(from + i).entrySet()) {
        features.put(key(v.getKey(), t.reference(), ""), v.getValue().reference());
        features.put(key(v.getKey(), t.image(), rung(e)), v.getValue().image());
      }
      PairScore p = line(e, t, scores.get(from + i));
      e.pairs().add(p);
      file.append(p);
    }
  }

  private ImagePair pair(Entry e, Todo t) {
    RgbImage ref = t.reference().image.pixels();
    RgbImage image = t.image().image.pixels();
    Require.that(
        ref.width() == image.width() && ref.height() == image.height(),
        "%s and %s must have one size, got %dx%d and %dx%d",
        t.reference().file,
        t.image().file,
        ref.width(),
        ref.height(),
        image.width(),
        image.height());
    ImagePair pair =
        ImagePair.of(ref, e.rung() == null ? image : e.rung().apply(image))
            .inGroup(groups.get(t.id()))
            .named(t.image().file.toString());
    return captions.containsKey(t.id()) ? pair.withCaption(captions.get(t.id())) : pair;
  }

  private PairScore line(Entry e, Todo t, Scoring.Score score) {
    ImageFile ref = t.reference().image;
    return new PairScore(
        t.id(),
        e.images(reference),
        e.name(),
        t.reference().file.toString(),
        t.image().file.toString(),
        captions.get(t.id()),
        ref.pixels().width(),
        ref.pixels().height(),
        score.identical(),
        score.values(),
        ref.traits(),
        t.image().image.traits(),
        t.reference().sha256,
        t.image().sha256,
        settings);
  }

  private FolderScores scores() {
    List<FolderScores.Row> rows = new ArrayList<>();
    FolderNotes notes = new FolderNotes(request.reading());
    for (Entry e : entries) {
      Map<String, Interval> values = e.scoring().summary();
      int identical = (int) e.pairs().stream().filter(PairScore::identical).count();
      rows.add(
          new FolderScores.Row(
              e.name(),
              e.kind(),
              e.folder() == null ? null : e.folder().path(),
              identical,
              values,
              psnrOfMeanMse(e.pairs()),
              e.pairs()));
      notes.ofRow(e.name(), e.scoring().notes());
    }
    List<FolderScores.Test> tests = PairedTests.of(rows, metrics, groups, baseline);
    return new FolderScores(
        request.reference(),
        metrics,
        nets,
        request.reading(),
        request.prompts() == null ? null : PromptFile.entries(request.prompts()).size(),
        request.prompts() == null ? null : base(request.prompts()),
        rows,
        tests,
        unpaired,
        notes.lines(rows, metrics, tests, unpaired));
  }

  private static String base(Path file) {
    return file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
  }

  /** Returns the name of the baseline, which may be given by path or name. */
  private String baseline() {
    if (request.baseline() == null) {
      return null;
    }
    Path wanted = request.baseline();
    return entries.stream()
        .filter(e -> e.kind() == Kind.CANDIDATE)
        .filter(
            e ->
                e.name().equals(wanted.toString())
                    || e.folder()
                        .path()
                        .toAbsolutePath()
                        .normalize()
                        .equals(wanted.toAbsolutePath().normalize()))
        .map(Entry::name)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "--baseline must be one of the folders of --images, got " + wanted));
  }

  private static double psnrOfMeanMse(List<PairScore> pairs) {
    return Psnr.ofMeanError(
        pairs.stream()
            .map(p -> p.values().get(Psnr.METRIC.key()))
            .filter(v -> v != null)
            .mapToDouble(v -> v)
            .toArray());
  }
}
