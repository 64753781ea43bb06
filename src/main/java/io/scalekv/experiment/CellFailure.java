package io.scalekv.experiment;

/**
 * A run that failed; the next sweep tries it again.
 *
 * @param id of the run
 * @param cell the run
 * @param error one line
 * @param started ISO 8601 in UTC
 */
public record CellFailure(String id, Cell cell, String error, String started) {}
