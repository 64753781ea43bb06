/**
 * Studies: questions about layers, roles and images, each one class with its tables and figures.
 */
package io.scalekv.study;
