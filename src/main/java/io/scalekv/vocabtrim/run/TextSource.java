package io.scalekv.vocabtrim.run;

import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.text.Domain;
import io.scalekv.vocabtrim.text.FolderText;
import io.scalekv.vocabtrim.text.SpecialTokens;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import java.nio.file.Path;
import java.util.List;

/** Documents as tokens; those to measure on and those to calibrate on are never the same. */
interface TextSource {
  /** Hash or name, for cells. */
  String hash();

  /** Documents to measure on, each longer than a prompt. */
  List<int[]> held(String domain, int count, int tokens);

  /** Documents to calibrate on. */
  List<int[]> calibration(String domain, int count, int tokens);

  /** Text of a folder, or of the synthetic language that the shipped pair was trained on. */
  static TextSource of(String folder, ModelPair pair) {
    return folder == null
        ? new Synthetic(pair)
        : new Folder(FolderText.read(Path.of(folder)), pair);
  }

  /** The synthetic language; training never sees these documents. */
  final class Synthetic implements TextSource {
    private static final long FIRST_OF_CALIBRATION = 1L << 24;

    private final ModelPair pair;
    private final SyntheticLanguage language = ShippedPair.language();

    private Synthetic(ModelPair pair) {
      this.pair = pair;
    }

    @Override
    public String hash() {
      return "synthetic";
    }

    @Override
    public List<int[]> held(String domain, int count, int tokens) {
      return documents(domain, 0, count);
    }

    @Override
    public List<int[]> calibration(String domain, int count, int tokens) {
      return documents(domain, FIRST_OF_CALIBRATION, count);
    }

    private List<int[]> documents(String domain, long from, int count) {
      return language.documents(Domain.of(domain), from, count).stream()
          .map(d -> SpecialTokens.framed(pair.tokenizer().encode(d)))
          .toList();
    }
  }

  /** A folder; its last part is held out. */
  final class Folder implements TextSource {
    private final FolderText text;
    private final ModelPair pair;

    private Folder(FolderText text, ModelPair pair) {
      this.text = text;
      this.pair = pair;
    }

    @Override
    public String hash() {
      return text.description();
    }

    @Override
    public List<int[]> held(String domain, int count, int tokens) {
      return text.heldOut(pair.tokenizer(), count, tokens);
    }

    @Override
    public List<int[]> calibration(String domain, int count, int tokens) {
      return List.of(text.rows(pair.tokenizer(), 1, 0, count, tokens));
    }
  }
}
