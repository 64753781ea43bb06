/**
 * Recorded attention: a folder with {@code trace.json} ({@link
 * io.scalekv.profile.trace.TraceManifest}) and one safetensors file a prompt ({@link
 * io.scalekv.profile.trace.TraceLayout}), written where a model runs and replayed here. {@code
 * record.py} is the writer for PyTorch, {@link io.scalekv.profile.trace.TraceWriter} the one for
 * the models of this project.
 */
package io.scalekv.profile.trace;
