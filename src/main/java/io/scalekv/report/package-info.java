/** Results into figures, tables and pages. */
package io.scalekv.report;
