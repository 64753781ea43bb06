package io.scalekv.bench;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** JMH suite of the hot paths. */
@Command(name = "jmh", description = "Run the JMH benchmarks.")
final class JmhCommand implements Callable<Integer> {
  @Option(names = "--include", defaultValue = ".*Benchmark.*", description = "Regular expression.")
  private String include = "";

  @Option(names = "--threads", defaultValue = "1", description = "Threads of a tensor operation.")
  private int threads;

  @Option(names = "--out", defaultValue = "out/bench/jmh", description = "Folder of the results.")
  private Path out = Path.of(".");

  @Override
  public Integer call() throws Exception {
    Benchmarks.run(include, out, threads);
    return 0;
  }
}
