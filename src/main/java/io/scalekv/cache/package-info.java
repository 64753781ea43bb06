/**
 * KV cache of a layer: stored keys and values with their real bytes, budgets, budget plans and the
 * memory model.
 */
package io.scalekv.cache;
