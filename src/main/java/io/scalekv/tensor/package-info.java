/**
 * Native operations as TorchScript ({@link io.scalekv.tensor.TorchOps}), native memory and
 * cancellation.
 */
package io.scalekv.tensor;
