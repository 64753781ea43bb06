package io.scalekv.experiment;

/**
 * Versions of the software that made a result.
 *
 * @param scalekvLab this project
 * @param java the Java runtime
 * @param djl Deep Java Library
 * @param libtorch the native library below it
 */
public record Software(String scalekvLab, String java, String djl, String libtorch) {}
