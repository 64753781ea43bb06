/** Statistics of attention into drafters, refiners, budgets and their files; knows no tensor. */
package io.scalekv.roles;
