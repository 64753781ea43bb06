package io.scalekv.vocabtrim.trim;

import io.scalekv.io.Json;
import io.scalekv.report.ReportTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Shares of text that numbers of retained tokens cover, and the counts that they come from; {@value
 * #FILE} beside the counts.
 *
 * @param counts file of the counts
 * @param sources chat logs; none for counts of another program
 * @param tokenizerSha256 hash of the tokenizer's tokens
 * @param skippedLines lines that are not JSON objects
 * @param protectedTokens number of tokens that are always retained
 * @param sizes one row a number of retained tokens, ascending
 */
public record Coverage(
    String counts,
    String domain,
    Set<String> roles,
    List<String> sources,
    String tokenizerSha256,
    long texts,
    long tokens,
    int distinct,
    long skippedLines,
    int protectedTokens,
    List<Row> sizes) {
  /** Name of the file. */
  public static final String FILE = "counts.json";

  /**
   * Coverage of a number of retained tokens.
   *
   * @param k retained tokens, protected ones included
   * @param heldOut share of held-out text by language; NaN-free
   * @param tokenizerOrder share of the counted text (held-out, if there is any) that the lowest ids
   *     cover: the order of merges is a ranking too, and the control of every count
   */
  public record Row(int k, double counted, Map<String, Double> heldOut, double tokenizerOrder) {}

  /** Returns the rows of the sizes that hold all protected tokens and no more than there are. */
  public static List<Row> rows(
      TokenCounts counts,
      Protection protection,
      List<Integer> sizes,
      Map<String, TokenCounts> heldOut) {
    FrequencyRanking ranking = FrequencyRanking.of(counts, protection.ids());
    FrequencyRanking lowest =
        FrequencyRanking.of(TokenCounts.create(counts.vocabulary()), protection.ids());
    TokenCounts judged = counts;
    if (!heldOut.isEmpty()) {
      judged = TokenCounts.create(counts.vocabulary());
      for (TokenCounts c : heldOut.values()) {
        judged.add(c.toArray());
      }
    }
    List<Row> rows = new ArrayList<>();
    int least = protection.ids().size();
    for (int k : new TreeSet<>(sizes)) {
      if (k < least || k > counts.vocabulary()) {
        continue;
      }
      Map<String, Double> shares = new LinkedHashMap<>();
      heldOut.forEach((language, c) -> shares.put(language, c.coverage(ranking.retained(k))));
      rows.add(
          new Row(
              k,
              counts.coverage(ranking.retained(k)),
              shares,
              judged.coverage(lowest.retained(k))));
    }
    return rows;
  }

  /** Returns the domain that is kept beside a file of counts. */
  public static String domain(Path counts) throws IOException {
    Path file = counts == null ? null : counts.resolveSibling(FILE);
    return file != null && Files.isRegularFile(file)
        ? Json.parse(Json.text(file), file.toString()).path("domain").asString("unnamed")
        : "unnamed";
  }

  /** Returns the shares in percent. */
  public ReportTable table() {
    ReportTable.Builder<Row> table =
        ReportTable.of("coverage", "Share of text covered by the retained tokens", sizes)
            .text("tokens", Row::k)
            .text("counted %", r -> ReportTable.fixed(100 * r.counted(), 2));
    sizes.stream()
        .flatMap(r -> r.heldOut().keySet().stream())
        .distinct()
        .forEach(l -> table.text(l + " %", r -> ReportTable.fixed(100 * r.heldOut().get(l), 2)));
    return table
        .text("tokenizer order %", r -> ReportTable.fixed(100 * r.tokenizerOrder(), 2))
        .build();
  }
}
