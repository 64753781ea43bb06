/** Runs on many machines: the only user of Apache Spark, which may be absent. */
package io.scalekv.experiment.spark;
