/** Weight files: safetensors, {@code .pth}, shards; expected names, shapes and types. */
package io.scalekv.weights;
