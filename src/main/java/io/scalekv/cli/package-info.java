/** The commands that users type; the only place that ends the process. */
package io.scalekv.cli;
