package io.scalekv.metrics;

import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Threads that share independent work; results keep the order of the inputs. */
public final class Workers implements AutoCloseable {
  /** The calling thread alone. */
  public static final Workers NONE = new Workers(null);

  private final ExecutorService pool;

  private Workers(ExecutorService pool) {
    this.pool = pool;
  }

  /** Returns a number of threads, which do not keep the process alive. */
  public static Workers of(int threads) {
    Require.atLeast("threads", threads, 1);
    return threads == 1
        ? NONE
        : new Workers(
            Executors.newFixedThreadPool(
                threads,
                work -> {
                  Thread thread = new Thread(work, "scoring");
                  thread.setDaemon(true);
                  return thread;
                }));
  }

  /** Applies a function to every item; the error of the first item that has one is thrown. */
  public <T, R> List<R> map(List<T> items, Function<? super T, ? extends R> work) {
    List<R> results = new ArrayList<>();
    if (pool == null) {
      items.forEach(item -> results.add(work.apply(item)));
      return results;
    }
    List<Future<R>> futures = new ArrayList<>();
    for (T item : items) {
      futures.add(pool.submit(() -> work.apply(item)));
    }
    try {
      for (Future<R> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } finally {
      futures.forEach(f -> f.cancel(true));
    }
  }

  @Override
  public void close() {
    if (pool != null) {
      pool.shutdownNow();
    }
  }
}
