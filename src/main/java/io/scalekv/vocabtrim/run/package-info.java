/** Experiments with trimmed draft models: a YAML file gives runs, each run one result file. */
package io.scalekv.vocabtrim.run;
