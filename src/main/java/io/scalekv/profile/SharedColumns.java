package io.scalekv.profile;

import ai.djl.ndarray.NDArray;
import io.scalekv.model.AttentionSite;

/** Column sums of the latest attention call, computed once for all taps that share this object. */
public final class SharedColumns {
  private NDArray query;
  private AttentionColumns columns;

  /** Returns the sums of one attention call, query [B,H,L,D] and key [B,H,T,D]. */
  AttentionColumns of(AttentionSite site, NDArray newQuery, NDArray key) {
    if (newQuery != query) {
      columns = AttentionColumns.of(site, newQuery, key);
      query = newQuery;
    }
    return columns;
  }
}
