/** Pixels in memory, PNG files in and out, contact sheets. */
package io.scalekv.image;
