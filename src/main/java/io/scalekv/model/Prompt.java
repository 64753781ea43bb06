package io.scalekv.model;

/**
 * What one image is asked for.
 *
 * @param text the prompt
 * @param seed of its bits
 */
public record Prompt(String text, long seed) {}
