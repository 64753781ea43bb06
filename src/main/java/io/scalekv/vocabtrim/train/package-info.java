/**
 * The trainer of the small pair of language models, on the resumable loop of the other trainers.
 */
package io.scalekv.vocabtrim.train;
