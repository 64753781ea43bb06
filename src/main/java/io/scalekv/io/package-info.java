/**
 * Atomic files, hashes, argument checks, and the one home of JSON and YAML reading, writing and
 * checking.
 */
package io.scalekv.io;
