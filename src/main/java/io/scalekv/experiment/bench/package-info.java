/** How long whole generations take, what memory they need, and how both grow. */
package io.scalekv.experiment.bench;
