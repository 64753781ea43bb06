/**
 * Images in, numbers out: how alike two images are, by pixels and by the features of a net behind
 * the port {@link io.scalekv.metrics.FeatureNet}, and the {@link io.scalekv.metrics.Ladder} of
 * known distortions that gives the numbers a scale.
 */
package io.scalekv.metrics;
