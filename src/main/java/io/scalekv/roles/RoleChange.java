package io.scalekv.roles;

/**
 * One difference between two role assignments.
 *
 * @param at the layer and scale
 * @param from its role in the first assignment
 * @param to its role in the second
 */
public record RoleChange(LayerScale at, Role from, Role to) {}
