/** Roles, budgets and the other parts of a calibration, from statistics and from files. */
package io.scalekv.roles;
