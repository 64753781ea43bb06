package io.scalekv.vocabtrim.trim;

import static io.scalekv.vocabtrim.trim.Finding.Rule;
import static io.scalekv.vocabtrim.trim.Finding.error;

import io.scalekv.vocabtrim.trim.Finding.Severity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Check of a mapping against itself, its mask and the vocabulary. */
final class MappingCheck {
  private MappingCheck() {}

  /** Returns what is wrong with a mapping for a vocabulary of V tokens; empty if nothing is. */
  static List<Finding> of(MappingFile m, int vocabulary) {
    if (m.isIdentity(vocabulary)) {
      return List.of();
    }
    if (m.values().length == 0) {
      return List.of(error(Rule.HEAD_ROWS, "mapping must hold at least one token"));
    }
    boolean zeros = m.values().length > 1 && Arrays.stream(m.values()).allMatch(v -> v == 0);
    if (zeros && m.form().tensors()) {
      return List.of(zeros(m, vocabulary));
    }
    List<Finding> found = ids(m, vocabulary);
    if (!m.named() && !found.isEmpty()) {
      boolean offsets = m.form() == MappingForm.D2T_OFFSET;
      MappingForm other = offsets ? MappingForm.D2T_ABSOLUTE : MappingForm.D2T_OFFSET;
      MappingFile read = new MappingFile(m.file(), other, false, m.values(), m.mask());
      if (ids(read, vocabulary).isEmpty()) {
        String is = offsets ? "ids, not offsets" : "offsets, not ids";
        String message = "the values are %s: as %s they give %s; read them as %s";
        String first = found.get(0).message();
        found.add(0, error(Rule.OTHER_FORM, message, is, m.form().key(), first, other.key()));
      }
    } else if (!m.named() && m.form() == MappingForm.D2T_OFFSET && m.mask() == null) {
      boolean rising = true;
      for (int j = 1; j < m.values().length && rising; j++) {
        rising = m.values()[j] > m.values()[j - 1];
      }
      if (rising && m.values().length > 1) {
        String message =
            "without t2d offsets and ids cannot be told apart: no two rows are neighbours";
        found.add(Finding.of(Severity.WARNING, Rule.OTHER_FORM, message));
      }
    }
    return found;
  }

  private static Finding zeros(MappingFile m, int vocabulary) {
    int rows = m.values().length;
    boolean prefix = m.mask() != null && m.mask().length == vocabulary;
    for (int id = 0; id < vocabulary && prefix; id++) {
      prefix = m.mask()[id] == (id < rows ? 1 : 0);
    }
    String message = "d2t must not be all zero for %d of %d tokens: it retains the lowest ids";
    return m.form() == MappingForm.D2T_OFFSET && prefix
        ? Finding.of(Severity.WARNING, Rule.ALL_ZERO, message, rows, vocabulary)
        : error(Rule.ALL_ZERO, message + " or was never filled", rows, vocabulary);
  }

  private static List<Finding> ids(MappingFile m, int vocabulary) {
    List<Finding> found = new ArrayList<>();
    boolean[] seen = new boolean[vocabulary];
    long before = -1;
    boolean whole = m.mask() == null || m.mask().length == vocabulary;
    for (int j = 0; j < m.values().length; j++) {
      long id = m.id(j);
      if (id < 0 || id >= vocabulary) {
        String message = "token must be from 0 to %d, got %d at row %d";
        once(found, error(Rule.OUT_OF_RANGE, message, vocabulary - 1, id, j));
        continue;
      }
      if (seen[(int) id]) {
        String message = "token must be given once, got %d twice at row %d";
        once(found, error(Rule.REPEATED, message, id, j));
      } else if (id <= before && m.form().ascends()) {
        String message = "tokens must ascend, got %d after %d at row %d";
        boolean harmless = m.form() == MappingForm.D2T_ABSOLUTE && m.mask() == null;
        Severity severity = harmless ? Severity.WARNING : Severity.ERROR;
        once(found, Finding.of(severity, Rule.NOT_ASCENDING, message, id, before, j));
      }
      if (m.mask() != null && whole && m.mask()[(int) id] != 1) {
        once(found, error(Rule.MASK, "t2d must retain token %d of row %d, got 0", id, j));
      }
      seen[(int) id] = true;
      before = id;
    }
    if (!whole) {
      String message = "t2d must have %d values, got %d";
      found.add(error(Rule.MASK, message, vocabulary, m.mask().length));
    } else if (m.mask() != null) {
      long count = Arrays.stream(m.mask()).filter(v -> v != 0).count();
      if (count != m.values().length) {
        String message = "t2d must retain the %d tokens of d2t, got %d";
        found.add(error(Rule.MASK, message, m.values().length, count));
      }
    }
    return found;
  }

  /** Adds the first finding of a rule. */
  private static void once(List<Finding> found, Finding finding) {
    if (found.stream().noneMatch(f -> f.rule() == finding.rule())) {
      found.add(finding);
    }
  }
}
