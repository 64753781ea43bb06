package io.scalekv.cache;

/** What "100 % of the cache" means, in tokens per layer and head. */
public enum TokensOf {
  /**
   * All maps but the last, T_{K-1}: what a full cache holds, as the last map's keys and values are
   * never read again (ScaleKV).
   */
  HISTORY,
  /** All maps, T_K (HACK++). */
  ALL;

  /** Tokens per layer and head of a full cache. */
  public int tokens(ScaleSchedule schedule) {
    return this == HISTORY ? schedule.historyTokens() : schedule.totalTokens();
  }

  /** Source maps of a full cache. */
  public int maps(ScaleSchedule schedule) {
    return this == HISTORY ? schedule.scales() - 1 : schedule.scales();
  }
}
