/**
 * Retained tokens of a draft model: counts, ranking by frequency, selection rules, mapping files of
 * other tools, and the trimmed draft model on disk.
 *
 * <p>Letters: V vocabulary, K retained tokens, C width.
 */
package io.scalekv.vocabtrim.trim;
