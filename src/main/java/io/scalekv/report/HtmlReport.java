package io.scalekv.report;

import io.scalekv.experiment.Cell;
import io.scalekv.experiment.CellResult;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.io.CheckedJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tech.tablesaw.api.Table;

/**
 * One page with everything in it: no other file and no network is needed to read it. Tables and
 * figures are there without JavaScript, too.
 */
final class HtmlReport {
  private static final String TEMPLATE = "report.html";
  private static final long MOST_IMAGE_BYTES = 3L << 20;
  private static final List<String> FIRST_FIGURES =
      List.of("psnr", "lpips", "lpips-proxy", "fid", "frechet", "bits", "memory", "latency");

  /**
   * What the page shows of one experiment.
   *
   * @param folder its results
   * @param tables its tables, the main one first
   * @param figures its figures
   * @param pairs its images
   */
  record Section(
      ReportSource.Folder folder,
      List<ReportTable> tables,
      List<ExperimentFigures.Named> figures,
      ImagePairs pairs) {}

  private final ReportSource source;
  private final List<Section> sections;
  private final List<ExperimentFigures.Named> shared;
  private final ReportTable comparison;

  /**
   * @param shared figures that belong to no experiment
   * @param comparison with the paper, or null
   */
  HtmlReport(
      ReportSource source,
      List<Section> sections,
      List<ExperimentFigures.Named> shared,
      ReportTable comparison) {
    this.source = source;
    this.sections = List.copyOf(sections);
    this.shared = List.copyOf(shared);
    this.comparison = comparison;
  }

  /** The page. */
  String text() throws IOException {
    String template;
    try (InputStream in = HtmlReport.class.getResourceAsStream(TEMPLATE)) {
      template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("TITLE", Html.escape(title()));
    parts.put("CONTENTS", contents());
    parts.put("BODY", body());
    parts.put("FLIP", json(flip()));
    parts.put("KEPT", json(kept()));
    StringBuilder page = new StringBuilder();
    int at = 0;
    for (int open = template.indexOf("{{"); open >= 0; open = template.indexOf("{{", at)) {
      int close = template.indexOf("}}", open);
      page.append(template, at, open).append(parts.get(template.substring(open + 2, close)));
      at = close + 2;
    }
    return page.append(template.substring(at)).toString();
  }

  private String title() {
    List<String> models =
        sections.stream().map(s -> s.folder().results().file().modelName()).distinct().toList();
    return "ScaleKV Lab: results of " + String.join(", ", models);
  }

  private static String json(Object value) {
    return Html.json(CheckedJson.MAPPER.writeValueAsString(value));
  }

  private String contents() {
    StringBuilder out = new StringBuilder();
    for (Section s : sections) {
      ExperimentFile f = s.folder().results().file();
      link(out, "x-" + f.name(), f.title());
    }
    if (!shared.isEmpty()) {
      link(out, "attention", "Attention and roles");
    }
    if (comparison != null) {
      link(out, "paper", "Beside the paper");
    }
    link(out, "provenance", "Provenance");
    return out.toString();
  }

  private static void link(StringBuilder out, String anchor, String text) {
    out.append("<li><a href=\"#").append(Html.anchor(anchor)).append("\">");
    out.append(Html.escape(text)).append("</a></li>");
  }

  private String body() throws IOException {
    StringBuilder out = new StringBuilder();
    for (Section s : sections) {
      section(out, s);
    }
    if (!shared.isEmpty()) {
      out.append("<section id=\"attention\"><h2>Attention and roles</h2>");
      for (ExperimentFigures.Named f : shared) {
        figure(out, f);
      }
      out.append("</section>");
    }
    if (comparison != null) {
      out.append("<section id=\"paper\"><h2>Beside the paper</h2>");
      table(out, comparison);
      out.append("</section>");
    }
    provenance(out);
    return out.toString();
  }

  private static void section(StringBuilder out, Section s) throws IOException {
    ExperimentFile f = s.folder().results().file();
    out.append("<section id=\"").append(Html.anchor("x-" + f.name())).append("\"><h2>");
    out.append(Html.escape(f.title() + (f.quick() ? " (small version)" : ""))).append("</h2>");
    List<ExperimentFigures.Named> first = new ArrayList<>();
    List<ExperimentFigures.Named> others = new ArrayList<>();
    for (ExperimentFigures.Named n : s.figures()) {
      boolean only = n.name().equals(f.name());
      String what = only ? "" : n.name().substring(f.name().length() + 1);
      (only || FIRST_FIGURES.contains(what) ? first : others).add(n);
    }
    out.append("<div class=\"figures\">");
    for (ExperimentFigures.Named n : first) {
      figure(out, n);
    }
    out.append("</div>");
    if (!others.isEmpty()) {
      out.append("<details><summary>").append(others.size());
      out.append(" more figures</summary><div class=\"figures\">");
      for (ExperimentFigures.Named n : others) {
        // small: there are many, and their files are in the folder of figures
        figure(out, n, uri("image/png", FigureFile.png(n.figure(), 1)));
      }
      out.append("</div></details>");
    }
    for (int i = 0; i < s.tables().size(); i++) {
      ReportTable t = s.tables().get(i);
      if (t.name().endsWith("-tests")) {
        out.append("<p class=\"note\">Every test behind the marks: tables/");
        out.append(Html.escape(t.name())).append(".csv</p>");
        continue;
      }
      if (i > 0) {
        out.append("<details><summary>").append(Html.escape(t.title())).append("</summary>");
      }
      table(out, t);
      if (i > 0) {
        out.append("</details>");
      }
    }
    out.append("</section>");
  }

  private static void table(StringBuilder out, ReportTable t) {
    out.append(Html.table(t.shown())).append(Html.notes(t.notes()));
  }

  private static void figure(StringBuilder out, ExperimentFigures.Named f) throws IOException {
    byte[] svg = FigureFile.svg(f.figure()).getBytes(StandardCharsets.UTF_8);
    figure(out, f, uri("image/svg+xml", svg));
  }

  private static void figure(StringBuilder out, ExperimentFigures.Named f, String uri) {
    out.append("<figure><img src=\"").append(uri).append("\" width=\"");
    out.append(f.figure().width()).append("\" height=\"").append(f.figure().height());
    out.append("\" alt=\"").append(Html.escape(f.alt())).append("\" /></figure>\n");
  }

  private static String uri(String type, byte[] bytes) {
    return "data:" + type + ";base64," + Base64.getEncoder().encodeToString(bytes);
  }

  private void provenance(StringBuilder out) {
    out.append("<section id=\"provenance\"><h2>Provenance</h2>");
    for (Section s : sections) {
      ExperimentFile f = s.folder().results().file();
      out.append("<h3>").append(Html.escape(f.name())).append("</h3><dl>");
      term(out, "experiment", "SHA-256 " + f.specSha256());
      term(out, "model as asked for", f.modelName());
      if (f.promptFile() != null) {
        term(out, "prompts", f.promptFile() + ", lines used: SHA-256 " + f.promptSha256());
      }
      s.folder().results().cells().values().stream()
          .findFirst()
          .ifPresent(
              r -> {
                CellResult.Provenance p = r.provenance();
                term(out, "weights", r.cell().model().weights());
                term(out, "number format", r.cell().model().dtype());
                term(out, "sources", "commit " + p.commit());
                term(
                    out,
                    "software",
                    String.format(
                        Locale.ROOT,
                        "ScaleKV Lab %s, Java %s, DJL %s, libtorch %s",
                        p.software().scalekvLab(),
                        p.software().java(),
                        p.software().djl(),
                        p.software().libtorch()));
                term(
                    out,
                    "machine",
                    String.format(
                        Locale.ROOT,
                        "%s, %s, %s, %d cores, %d threads",
                        p.machine().os(),
                        p.machine().arch(),
                        p.machine().cpu(),
                        p.machine().cores(),
                        p.machine().threads()));
              });
      out.append("</dl><details><summary>the experiment as it was written</summary><pre>");
      out.append(Html.escape(f.spec())).append("</pre></details>");
      out.append("<details><summary>every cell</summary>");
      out.append(Html.table(cells(s.folder()))).append("</details>");
    }
    out.append("</section>");
  }

  private static void term(StringBuilder out, String term, String text) {
    if (text != null) {
      out.append("<dt>").append(Html.escape(term)).append("</dt><dd>");
      out.append(Html.escape(text)).append("</dd>");
    }
  }

  private static Table cells(ReportSource.Folder folder) {
    List<ResultRow> rows = ResultRow.of(folder.results());
    List<String> started = new ArrayList<>();
    List<String> seconds = new ArrayList<>();
    List<String> commands = new ArrayList<>();
    for (ResultRow r : rows) {
      boolean done = r.result() != null;
      started.add(done ? r.result().provenance().started() : r.error());
      seconds.add(
          done ? String.format(Locale.ROOT, "%.1f", r.result().provenance().wallSeconds()) : null);
      commands.add(command(folder.results().file(), r));
    }
    return Table.create(
        Columns.texts("cell", rows.stream().map(r -> r.row().label()).toList()),
        Columns.texts("id", rows.stream().map(r -> r.row().id()).toList()),
        Columns.texts("started", started),
        Columns.texts("seconds", seconds),
        Columns.texts("command", commands));
  }

  private static String command(ExperimentFile f, ResultRow r) {
    StringBuilder text = new StringBuilder("./scalekv cell experiments/" + f.name() + ".yaml");
    text.append(f.quick() ? " --quick" : "").append(" --id ").append(r.row().id());
    text.append(" ").append(f.modelOptions());
    Cell.Nets nets = r.cell() == null ? null : r.cell().nets();
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
      String experiment, List<String> prompts, List<String> full, List<FlipCell> cells) {}

  /** Those of one policy. */
  private record FlipCell(String label, List<String> images) {}

  /** As many images as there is room for. */
  private List<Flip> flip() throws IOException {
    long left = MOST_IMAGE_BYTES;
    List<Flip> flips = new ArrayList<>();
    for (Section s : sections) {
      ImagePairs pairs = s.pairs();
      if (pairs.cells().isEmpty()) {
        continue;
      }
      long full = bytes(pairs.full());
      if (full > left) {
        continue;
      }
      left -= full;
      List<FlipCell> cells = new ArrayList<>();
      for (ImagePairs.CellImages c : pairs.cells()) {
        long size = bytes(c.files());
        if (size <= left) {
          left -= size;
          cells.add(new FlipCell(c.row().row().label(), uris(c.files())));
        }
      }
      if (!cells.isEmpty()) {
        flips.add(
            new Flip(
                s.folder().results().file().title(), pairs.prompts(), uris(pairs.full()), cells));
      }
    }
    return flips;
  }

  private static long bytes(List<Path> files) throws IOException {
    long sum = 0;
    for (Path file : files) {
      sum += Files.size(file);
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

  /**
   * What the overlay draws.
   *
   * @param kept tokens that policies held
   * @param attention mean share of map k's attention on map s, [layer][k][s] in thousandths, or
   *     null where there is no profile
   */
  private record Overlay(List<KeptEntry> kept, List<List<List<Integer>>> attention) {}

  /** One policy: shares with its image as data URI, or null. */
  private record KeptEntry(KeptShares shares, String image) {}

  private Overlay kept() throws IOException {
    List<KeptEntry> entries = new ArrayList<>();
    for (ReportSource.Kept k : source.kept()) {
      String image = k.image() == null ? null : uri("image/png", Files.readAllBytes(k.image()));
      entries.add(new KeptEntry(k.shares(), image));
    }
    List<List<List<Integer>>> attention = null;
    if (source.profile().isPresent()) {
      attention = new ArrayList<>();
      for (double[][] layer : source.profile().get().sourceMass()) {
        List<List<Integer>> rows = new ArrayList<>();
        for (int k = 0; k < layer.length; k++) {
          List<Integer> row = new ArrayList<>();
          for (int s = 0; s <= k; s++) {
            row.add(Double.isNaN(layer[k][s]) ? 0 : (int) Math.round(1000 * layer[k][s]));
          }
          rows.add(row);
        }
        attention.add(rows);
      }
    }
    return new Overlay(entries, attention);
  }
}
