package io.scalekv.model;

/**
 * Output of one layer of a tokenizer's encoder.
 *
 * @param images N
 * @param channels C
 * @param height Y
 * @param width X
 * @param values [N,C,Y,X], row-major; not copied
 */
public record EncoderLayer(int images, int channels, int height, int width, float[] values) {}
