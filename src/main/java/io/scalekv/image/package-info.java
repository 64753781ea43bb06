/** Pixels in memory, PNG and JPEG in and out, contact sheets. */
package io.scalekv.image;
