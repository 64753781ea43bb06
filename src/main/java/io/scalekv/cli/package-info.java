/** Commands: options, one call of the library, one output. */
package io.scalekv.cli;
