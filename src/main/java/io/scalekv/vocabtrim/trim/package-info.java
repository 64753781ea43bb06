/**
 * Which tokens a draft model keeps: counts, the order by frequency, rules that choose how many,
 * mapping files of other tools, and the trimmed draft model on disk.
 *
 * <p>Letters: V vocabulary, K retained tokens, C width.
 */
package io.scalekv.vocabtrim.trim;
