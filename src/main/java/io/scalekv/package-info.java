/** Entry point of the library: a model that draws images under KV-cache policies. */
package io.scalekv;
