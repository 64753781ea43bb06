package io.scalekv.cli;

import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.TopKeys;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** Sampling of attention. */
@HelpGroup(HelpGroup.Heading.STATISTICS)
final class SamplingOptions {
  /** Converter of a number of rows or {@code all}. */
  static final class Rows implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return text.equals("all") ? ProfileOptions.ALL : new Choice.Positive().convert(text);
    }
  }

  @Option(
      names = "--top-k",
      paramLabel = "K'",
      defaultValue = "5%",
      description =
          "Prefix keys of the selectivity index: a share of the prefix or a number (default: 5%%).")
  private TopKeys topKeys;

  @Option(
      names = "--query-samples",
      paramLabel = "N|all",
      converter = Rows.class,
      description =
          "Query rows of each map that are measured (default: 64 for calibrate; 8 for profile,"
              + " one of them whole).")
  private Integer rows;

  /** Returns the sampling, from defaults for what is not given. */
  ProfileOptions options(ProfileOptions defaults, long seed) {
    ProfileOptions options = defaults.withSeed(seed).withHistoryTopK(topKeys);
    return rows == null
        ? options
        : options.withQuerySamples(rows).withDetailRows(ProfileOptions.ALL);
  }
}
