/** Runs that join model, profile, roles and cache: so far the calibration. */
package io.scalekv.experiment;
