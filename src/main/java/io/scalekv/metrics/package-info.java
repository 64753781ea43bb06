/** Images in, numbers out: how alike two images are. */
package io.scalekv.metrics;
