/** Cache policies, one file each: which tokens are retained, and how many per layer and head. */
package io.scalekv.cache.policy;
