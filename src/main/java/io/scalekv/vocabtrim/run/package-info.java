/** Experiments with trimmed draft models: a YAML file becomes cells, cells become result files. */
package io.scalekv.vocabtrim.run;
