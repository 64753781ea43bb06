/**
 * What lies between DJL and the models: native operations as TorchScript ({@link
 * io.scalekv.tensor.TorchOps}), named weights, weight files in and out.
 */
package io.scalekv.tensor;
