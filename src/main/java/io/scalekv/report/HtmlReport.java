package io.scalekv.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Run;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.Json;
import io.scalekv.metrics.Psnr;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * HTML page of a report, complete in one file: it needs no other file and no network. Tables and
 * figures do not need JavaScript. The page is the Mustache template {@code report.html}; this class
 * gives it its values.
 *
 * @param sections one an experiment
 * @param shared figures that belong to no experiment
 * @param comparison with the paper, or null
 */
record HtmlReport(List<Section> sections, List<NamedFigure> shared, ReportTable comparison) {
  /** Most bytes of a page; images take what the rest leaves. */
  static final long MOST_BYTES = 3_000_000;

  /** Most bytes of a vector figure; a larger one is embedded as pixels. */
  private static final int MOST_VECTOR_BYTES = 120_000;

  private static final int SHEET_WIDTH = 820;
  private static final List<String> FIRST_FIGURES =
      List.of("psnr", "lpips", "lpips-proxy", "fid", "frechet", "bits", "memory", "latency");

  /** Bold part of a cell, after a number in brackets. */
  private static final Pattern BOLD =
      Pattern.compile("((?:\\([0-9]+\\) )?)\\*\\*(.*?)\\*\\*(.*)", Pattern.DOTALL);

  /** Characters that XML does not allow, and some that nobody sees. */
  private static final Pattern NO_XML =
      Pattern.compile("[\\x00-\\x08\\x0B-\\x1F\\x7F\\x{D800}-\\x{DFFF}\\x{FFFE}\\x{FFFF}]");

  /**
   * Parts of one experiment.
   *
   * @param tables its tables, the main one first
   */
  record Section(
      ReportSource.Folder folder,
      List<ReportTable> tables,
      List<NamedFigure> figures,
      ImagePairs pairs) {
    ExperimentFile file() {
      return folder.results().file();
    }

    String anchor() {
      return HtmlReport.anchor("x-" + file().name());
    }
  }

  /** Returns the page. */
  String text() throws IOException {
    Map<String, Object> page = new LinkedHashMap<>();
    List<String> models = sections.stream().map(s -> s.file().modelName()).distinct().toList();
    page.put("title", "ScaleKV Lab: results of " + String.join(", ", models));
    List<Map<String, Object>> contents = new ArrayList<>();
    List<Map<String, Object>> experiments = new ArrayList<>();
    List<Map<String, Object>> provenance = new ArrayList<>();
    for (Section s : sections) {
      contents.add(Map.of("anchor", s.anchor(), "text", s.file().title()));
      experiments.add(section(s));
      provenance.add(provenance(s));
    }
    if (!shared.isEmpty()) {
      contents.add(Map.of("anchor", "roles", "text", "Roles"));
      page.put("shared", Map.of("figures", vectors(shared)));
    }
    if (comparison != null) {
      contents.add(Map.of("anchor", "paper", "text", "Beside the paper"));
      page.put("comparison", table(comparison));
    }
    contents.add(Map.of("anchor", "provenance", "text", "Provenance"));
    page.put("contents", contents);
    page.put("sections", experiments);
    page.put("provenance", provenance);
    page.put("flipData", "[]");
    long left = MOST_BYTES - page("report", page).getBytes(StandardCharsets.UTF_8).length;
    List<Flip> flips = flip(left);
    page.put("flipData", json(flips));
    if (!flips.isEmpty()) {
      page.put("flip", flipView(flips));
    }
    return page("report", page);
  }

  private Map<String, Object> flipView(List<Flip> flips) {
    int all = sections.stream().mapToInt(s -> s.pairs().runs().size()).sum();
    int shown = flips.stream().mapToInt(f -> f.runs().size()).sum();
    return flipView(
        "Full cache or policy?",
        "the full cache",
        "the policy",
        "prompt",
        shown == all ? "" : "%d of %d policies' images fit into this page.".formatted(shown, all),
        List.of(
            Map.of("label", "experiment", "id", "flip-experiment"),
            Map.of("label", "policy", "id", "flip-policy"),
            Map.of("label", "prompt", "id", "flip-prompt")));
  }

  /** Returns the values of the template of a flip view. */
  static Map<String, Object> flipView(
      String title,
      String first,
      String second,
      String pair,
      String shown,
      List<Map<String, String>> selects) {
    return Map.of(
        "title", title, "first", first, "second", second, "pair", pair, "shown", shown, "selects",
        selects);
  }

  /** Returns a page from its template and values. */
  static String page(String name, Map<String, Object> page) throws IOException {
    try (Reader in = resource(name)) {
      Template template =
          Mustache.compiler()
              .withEscaper(HtmlReport::escape)
              .withLoader(HtmlReport::resource)
              .emptyStringIsFalse(true)
              .compile(in);
      return template.execute(page);
    }
  }

  private static Reader resource(String name) {
    return new InputStreamReader(
        HtmlReport.class.getResourceAsStream(name + ".html"), StandardCharsets.UTF_8);
  }

  private static Map<String, Object> section(Section s) throws IOException {
    String name = s.file().name();
    List<NamedFigure> first = new ArrayList<>();
    List<Map<String, Object>> more = new ArrayList<>();
    for (NamedFigure n : s.figures()) {
      boolean only = n.name().equals(name);
      if (only || FIRST_FIGURES.contains(n.name().substring(name.length() + 1))) {
        first.add(n);
      } else {
        more.add(figure(n));
      }
    }
    Map<String, Object> section = new LinkedHashMap<>();
    section.put("anchor", s.anchor());
    section.put("title", s.file().heading());
    section.put("findings", Findings.of(s.folder().results()));
    section.put("figures", vectors(first));
    if (!more.isEmpty()) {
      section.put("more", Map.of("count", more.size(), "figures", more));
    }
    List<Map<String, Object>> others = new ArrayList<>();
    for (ReportTable t : s.tables()) {
      if (t.name().endsWith("-tests")) {
        section.put("tests", t.name());
      } else if (t.equals(s.tables().get(0))) {
        section.put("table", table(t));
      } else {
        others.add(table(t));
      }
    }
    section.put("others", others);
    return section;
  }

  /** Returns the values of the template of a table. */
  static Map<String, Object> table(ReportTable t) {
    return Map.of(
        "title",
        t.title(),
        "headings",
        t.shown().columnNames(),
        "rows",
        IntStream.range(0, t.shown().rowCount())
            .mapToObj(r -> Map.of("cells", t.row(r).stream().map(HtmlReport::cell).toList()))
            .toList(),
        "notes",
        t.notes());
  }

  private static Map<String, String> cell(String text) {
    Matcher bold = BOLD.matcher(text);
    return bold.matches()
        ? Map.of("before", bold.group(1), "bold", bold.group(2), "after", bold.group(3))
        : Map.of("before", text, "bold", "", "after", "");
  }

  /** Returns the values of the template of every figure. */
  static List<Map<String, Object>> vectors(List<NamedFigure> figures) throws IOException {
    List<Map<String, Object>> all = new ArrayList<>();
    for (NamedFigure f : figures) {
      all.add(figure(f));
    }
    return all;
  }

  private static Map<String, Object> figure(NamedFigure f) throws IOException {
    boolean themed = f.figure() instanceof LineFigure || f.figure() instanceof BarFigure;
    String svg = themed ? FigureFile.themed(f.figure()) : FigureFile.svg(f.figure());
    byte[] bytes = svg.getBytes(StandardCharsets.UTF_8);
    boolean sheet = f.figure().width() > SHEET_WIDTH;
    return Map.of(
        "kind",
        (themed ? "themed" : "paper") + (sheet ? " sheet" : ""),
        "uri",
        bytes.length <= MOST_VECTOR_BYTES
            ? uri("image/svg+xml", bytes)
            : uri("image/png", FigureFile.png(f.figure(), sheet ? 1 : 2)),
        "width",
        f.figure().width(),
        "height",
        f.figure().height(),
        "alt",
        f.alt());
  }

  /** Returns bytes as a data URI. */
  static String uri(String type, byte[] bytes) {
    return "data:" + type + ";base64," + Base64.getEncoder().encodeToString(bytes);
  }

  private static Map<String, Object> provenance(Section s) {
    ExperimentFile f = s.file();
    Map<String, String> terms = new LinkedHashMap<>();
    terms.put("experiment", "SHA-256 " + f.specSha256());
    terms.put("requested model", f.modelName());
    if (f.promptFile() != null) {
      terms.put("prompts", f.promptFile() + ", lines used: SHA-256 " + f.promptSha256());
    }
    s.folder().results().runs().values().stream()
        .findFirst()
        .ifPresent(
            r -> {
              RunResult.Provenance p = r.provenance();
              terms.put("weights", r.run().model().weights());
              terms.put("number format", r.run().model().dtype());
              terms.put("sources", "commit " + p.commit());
              terms.put(
                  "software",
                  "ScaleKV Lab %s, Java %s, DJL %s, libtorch %s"
                      .formatted(
                          p.software().scalekv(),
                          p.software().java(),
                          p.software().djl(),
                          p.software().libtorch()));
              terms.put(
                  "machine",
                  "%s, %s, %s, %d cores, %d threads"
                      .formatted(
                          p.machine().os(),
                          p.machine().arch(),
                          p.machine().cpu(),
                          p.machine().cores(),
                          p.machine().threads()));
            });
    return Map.of(
        "name",
        f.name(),
        "terms",
        terms.entrySet().stream()
            .filter(t -> t.getValue() != null)
            .map(t -> Map.of("term", t.getKey(), "text", t.getValue()))
            .toList(),
        "spec",
        f.spec(),
        "runs",
        table(runs(s)));
  }

  private static ReportTable runs(Section s) {
    return ReportTable.of("runs", "Runs", ResultRow.of(s.folder().results()))
        .text("run", r -> r.row().label())
        .text("id", r -> r.row().id())
        .text("started", r -> r.result() == null ? r.error() : r.result().provenance().started())
        .text(
            "seconds",
            r ->
                r.result() == null
                    ? null
                    : ReportTable.fixed(r.result().provenance().wallSeconds(), 1))
        .text("command", r -> command(s.file(), r))
        .build();
  }

  private static String command(ExperimentFile f, ResultRow r) {
    StringBuilder text = new StringBuilder("./scalekv sweep experiments/" + f.name() + ".yaml");
    text.append(f.quick() ? " --quick" : "").append(" --run ").append(r.row().id());
    text.append(" ").append(f.modelOptions());
    Run.Nets nets = r.run() == null ? null : r.run().nets();
    if (nets != null && nets.lpipsHash() != null) {
      text.append(" --lpips FILE --lpips-range=").append(nets.lpipsRange());
    }
    if (nets != null && nets.inceptionHash() != null) {
      text.append(" --inception FILE");
    }
    return text.toString();
  }

  /** Images of one experiment, as data URIs. */
  private record Flip(
      String experiment, List<String> prompts, List<String> full, List<FlipRun> runs) {}

  /** Images of one policy. */
  private record FlipRun(String label, List<String> images, List<Object> psnrDb) {}

  /** Returns as many images as there is room for, in bytes. */
  private List<Flip> flip(long room) throws IOException {
    long left = room;
    List<Flip> flips = new ArrayList<>();
    for (Section s : sections) {
      ImagePairs pairs = s.pairs();
      long full = bytes(pairs.full());
      if (pairs.runs().isEmpty() || full > left) {
        continue;
      }
      left -= full;
      List<FlipRun> runs = new ArrayList<>();
      for (ImagePairs.RunImages c : pairs.runs()) {
        long size = bytes(c.files());
        if (size <= left) {
          left -= size;
          runs.add(new FlipRun(c.row().row().label(), uris(c.files()), psnr(c)));
        }
      }
      if (!runs.isEmpty()) {
        flips.add(new Flip(s.file().title(), pairs.prompts(), uris(pairs.full()), runs));
      }
    }
    return flips;
  }

  /**
   * Returns the PSNR of each image: a number, {@code identical}, or null where it was not measured.
   */
  private static List<Object> psnr(ImagePairs.RunImages c) {
    List<Object> psnr = new ArrayList<>();
    for (int p = 0; p < c.files().size(); p++) {
      int prompt = p;
      psnr.add(
          c.row().result().images().stream()
              .filter(i -> i.prompt() == prompt)
              .findFirst()
              .map(i -> i.value(Psnr.METRIC.key()))
              .map(v -> v.isInfinite() ? (Object) "identical" : v)
              .orElse(null));
    }
    return psnr;
  }

  /** Returns the bytes of files as data URIs, with room for their labels. */
  private static long bytes(List<Path> files) throws IOException {
    long sum = 0;
    for (Path file : files) {
      sum += (Files.size(file) + 2) / 3 * 4 + 64;
    }
    return sum;
  }

  private static List<String> uris(List<Path> files) throws IOException {
    List<String> uris = new ArrayList<>();
    for (Path file : files) {
      uris.add(uri("image/png", Files.readAllBytes(file)));
    }
    return uris;
  }

  /** Escapes text for elements and attributes so that the page is well-formed XML, too. */
  static String escape(String text) {
    return NO_XML
        .matcher(text)
        .replaceAll("\uFFFD")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Returns a value as JSON that cannot end the script element around it. */
  static String json(Object value) {
    return Json.MAPPER
        .writeValueAsString(value)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }

  private static String anchor(String name) {
    return name.replaceAll("[^A-Za-z0-9_-]", "-");
  }
}
