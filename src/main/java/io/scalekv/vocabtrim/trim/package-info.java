/**
 * Which tokens a drafter keeps: counts, the order by frequency, rules that choose how many, mapping
 * files of other tools, and the trimmed drafter on disk.
 *
 * <p>Letters: V vocabulary, K kept tokens, C width.
 */
package io.scalekv.vocabtrim.trim;
