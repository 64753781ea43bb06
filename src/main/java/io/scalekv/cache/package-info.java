/** What a layer remembers: schedules, budgets, and the keys and values that are kept. */
package io.scalekv.cache;
