/** Micro-benchmarks of the hot paths, run by JMH; see docs/benchmarks.md. */
package io.scalekv.bench;
