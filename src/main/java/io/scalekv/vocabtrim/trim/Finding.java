package io.scalekv.vocabtrim.trim;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Finding about a mapping or a trimmed draft model. */
@JsonPropertyOrder({"severity", "rule", "message"})
public record Finding(Rule rule, Severity severity, String message) {
  /** Severity: wrong tokens or a crash, likely loss, or a fact. */
  public enum Severity {
    ERROR,
    WARNING,
    NOTE;

    /** Returns the name in files. */
    @JsonValue
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Failure that programs do not report. */
  public enum Rule {
    /** An id outside the vocabulary: llama.cpp writes out of bounds. */
    OUT_OF_RANGE,
    /** An id given twice: two rows for one token. */
    REPEATED,
    /** Offsets that read as ids, or ids that read as offsets. */
    OTHER_FORM,
    /** A d2t of zeros for fewer rows than tokens: a placeholder never filled. */
    ALL_ZERO,
    /** A mask that disagrees with the mapping. */
    MASK,
    /** Rows not in the order of their tokens. */
    NOT_ASCENDING,
    /** A head with another number of rows than the mapping. */
    HEAD_ROWS,
    /** Special tokens that are missing. */
    SPECIAL_TOKENS,
    /** Tokens of single bytes that are missing: other scripts cannot be drafted. */
    BYTE_TOKENS,
    /** A draft model with another tokenizer than the target. */
    OTHER_TOKENIZER,
    /** A size in the configuration that is not that of the file. */
    STALE_SIZE,
    /** Coverage of held-out text. */
    COVERAGE;

    /** Returns the name in files. */
    @JsonValue
    public String key() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  static Finding error(Rule rule, String message, Object... values) {
    return of(Severity.ERROR, rule, message, values);
  }

  static Finding of(Severity severity, Rule rule, String message, Object... values) {
    return new Finding(rule, severity, String.format(Locale.ROOT, message, values));
  }
}
