package io.scalekv.vocabtrim.trim;

import static io.scalekv.vocabtrim.trim.Finding.Rule;
import static io.scalekv.vocabtrim.trim.Finding.error;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.trim.Finding.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Check of a mapping file or a trimmed draft model for failures that programs do not report.
 *
 * @param form of its mapping; null of a draft model with a whole head
 * @param vocabulary V
 * @param retained K
 * @param findings errors first
 */
public record DraftCheck(
    String file, String form, int vocabulary, int retained, List<Finding> findings) {
  private static final Pattern SIZED = Pattern.compile("d2t-(\\d+)\\.npy");
  private static final double LEAST_COVERAGE = 0.9;
  private static final int SHOWN = 5;

  /**
   * Checks a file.
   *
   * @param draft mapping file, folder or GGUF file of a draft model
   * @param form null to take the one that the file suggests
   * @param target folder or GGUF file; null if unknown
   * @param tokenizer of the target; null if unknown
   * @param heldOut counts of held-out text by language
   */
  public static DraftCheck of(
      Path draft,
      MappingForm form,
      Path target,
      TextTokenizer tokenizer,
      Map<String, TokenCounts> heldOut)
      throws IOException {
    Require.that(Files.exists(draft), "missing draft model or mapping %s", draft);
    List<Finding> found = new ArrayList<>();
    if (!DraftModel.isModel(draft)) {
      MappingFile mapping = open(draft, form);
      int vocabulary = vocabulary(target, tokenizer, mapping.mask(), null);
      return of(draft, mapping, vocabulary, tokenizer, heldOut, found);
    }
    try (DraftModel model = DraftModel.open(draft, null)) {
      MappingFile mapping = model.isMapped() ? open(draft, form) : null;
      long[] mask = mapping == null ? null : mapping.mask();
      int vocabulary = vocabulary(target, tokenizer, mask, model);
      sizes(model, mapping, vocabulary, found);
      tokenizers(draft, tokenizer, found);
      return of(draft, mapping, vocabulary, tokenizer, heldOut, found);
    }
  }

  private static MappingFile open(Path draft, MappingForm form) throws IOException {
    MappingFile mapping = MappingFile.open(draft);
    return form == null ? mapping : mapping.as(form);
  }

  private static int vocabulary(Path target, TextTokenizer tokenizer, long[] mask, DraftModel draft)
      throws IOException {
    if (target != null && DraftModel.declaredVocabulary(target).isPresent()) {
      return DraftModel.declaredVocabulary(target).getAsInt();
    } else if (target != null && DraftModel.isModel(target)) {
      try (DraftModel model = DraftModel.open(target, null)) {
        return model.vocabulary();
      }
    }
    if (draft != null) {
      return draft.vocabulary();
    } else if (mask != null) {
      return mask.length;
    }
    Require.that(tokenizer != null, "missing size of the vocabulary: give --target");
    return tokenizer.size();
  }

  private static void sizes(
      DraftModel model, MappingFile mapping, int vocabulary, List<Finding> found) {
    int own = model.vocabulary();
    if (own != vocabulary) {
      String message = "vocabulary of the draft model must be the target's %d tokens, got %d";
      found.add(error(Rule.STALE_SIZE, message, vocabulary, own));
    }
    long rows = model.head().rows();
    int expected = mapping == null ? vocabulary : mapping.values().length;
    if (mapping == null ? rows < expected : rows != expected) {
      String message = "output head must have %d rows, got %d";
      found.add(error(Rule.HEAD_ROWS, message, expected, rows));
    }
    OptionalInt declared = model.declaredRows();
    if (declared.isPresent() && declared.getAsInt() != expected) {
      String message = "draft_vocab_size must be %d, got %d";
      found.add(error(Rule.STALE_SIZE, message, expected, declared.getAsInt()));
    }
  }

  private static void tokenizers(Path draft, TextTokenizer tokenizer, List<Finding> found)
      throws IOException {
    if (tokenizer == null || !TextTokenizer.isIn(draft)) {
      return;
    }
    try (TextTokenizer other = TextTokenizer.open(draft)) {
      String targets = tokenizer.tokensHash();
      String own = other.tokensHash();
      if (!own.equals(targets)) {
        String message = "tokenizer must be the target's (SHA-256 of its tokens %.12s), got %.12s";
        found.add(error(Rule.OTHER_TOKENIZER, message, targets, own));
      }
    }
  }

  private static DraftCheck of(
      Path draft,
      MappingFile mapping,
      int vocabulary,
      TextTokenizer tokenizer,
      Map<String, TokenCounts> heldOut,
      List<Finding> found) {
    VocabularySubset retained = VocabularySubset.all(vocabulary);
    if (mapping != null) {
      List<Finding> ids = MappingCheck.of(mapping, vocabulary);
      found.addAll(0, ids);
      Matcher sized = SIZED.matcher(String.valueOf(draft.getFileName()));
      if (sized.matches() && !sized.group(1).equals("" + mapping.values().length)) {
        String message = "%s must hold %s rows, got %d";
        String name = draft.getFileName().toString();
        found.add(error(Rule.STALE_SIZE, message, name, sized.group(1), mapping.values().length));
      }
      retained = readable(mapping, vocabulary, ids);
    }
    if (retained != null && tokenizer != null) {
      boolean strict = mapping != null && mapping.form() == MappingForm.LLAMA_CPP;
      Severity severity = strict ? Severity.ERROR : Severity.WARNING;
      missing(retained, tokenizer.special(), Rule.SPECIAL_TOKENS, "special", severity, found);
      missing(retained, tokenizer.bytes(), Rule.BYTE_TOKENS, "byte", Severity.WARNING, found);
    }
    if (retained != null) {
      for (Map.Entry<String, TokenCounts> e : heldOut.entrySet()) {
        double share = e.getValue().resized(vocabulary).coverage(retained);
        String message = "%s: %.2f %% of %,d held-out tokens";
        long total = e.getValue().total();
        Severity severity = share < LEAST_COVERAGE ? Severity.WARNING : Severity.NOTE;
        found.add(Finding.of(severity, Rule.COVERAGE, message, e.getKey(), 100 * share, total));
      }
    }
    found.sort(Comparator.comparing(Finding::severity));
    return new DraftCheck(
        draft.toString(),
        mapping == null ? null : mapping.form().key(),
        vocabulary,
        mapping == null ? vocabulary : mapping.values().length,
        List.copyOf(found));
  }

  /** Returns the tokens inside the vocabulary; null if the values mean something else. */
  private static VocabularySubset readable(
      MappingFile mapping, int vocabulary, List<Finding> found) {
    if (mapping.isIdentity(vocabulary)) {
      return VocabularySubset.all(vocabulary);
    }
    boolean meant =
        found.stream().noneMatch(f -> f.rule() == Rule.OTHER_FORM || f.rule() == Rule.ALL_ZERO);
    int[] ids =
        IntStream.range(0, mapping.values().length)
            .mapToLong(mapping::id)
            .filter(id -> id >= 0 && id < vocabulary)
            .mapToInt(id -> (int) id)
            .sorted()
            .distinct()
            .toArray();
    return meant && ids.length > 0 ? VocabularySubset.of(ids, vocabulary) : null;
  }

  private static void missing(
      VocabularySubset retained,
      Collection<Integer> ids,
      Rule rule,
      String kind,
      Severity severity,
      List<Finding> found) {
    List<Integer> absent =
        ids.stream().filter(id -> id >= retained.vocabulary() || !retained.contains(id)).toList();
    if (!absent.isEmpty()) {
      String shown = absent.stream().limit(SHOWN).map(String::valueOf).toList().toString();
      String message = "%d of %d %s tokens are missing: %s%s";
      String more = absent.size() > SHOWN ? " …" : "";
      found.add(Finding.of(severity, rule, message, absent.size(), ids.size(), kind, shown, more));
    }
  }

  /** Returns whether a finding has at least that severity. */
  public boolean has(Severity severity) {
    return findings.stream().anyMatch(f -> f.severity().compareTo(severity) <= 0);
  }
}
