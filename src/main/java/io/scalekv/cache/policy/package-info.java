/**
 * The cache policies that can be chosen by name, one file each: which tokens stay, and how many in
 * which layer and head. {@link io.scalekv.cache.policy.Policies} lists them.
 */
package io.scalekv.cache.policy;
