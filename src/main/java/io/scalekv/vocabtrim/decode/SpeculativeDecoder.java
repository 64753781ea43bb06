package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.vocabtrim.measure.BlockStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Speculative decoder: a draft model proposes chains of γ tokens, the target judges each chain in
 * one pass. Both cache their keys and values; rejected tokens are rolled back. The last chain is no
 * longer than the tokens that are missing, and a chain ends with a stop token.
 *
 * <p>Greedy output is identical to the target's own, except that two tokens whose logits differ by
 * less than the float32 rounding between passes of different length may swap.
 */
public final class SpeculativeDecoder {
  /** Generated text. */
  public record Generation(int[] tokens, BlockStatistics statistics) {}

  private final LanguageModel target;
  private final LanguageModel draft;

  /**
   * Creates a decoder of two models, which it does not own.
   *
   * @param target with its whole head
   * @param draft of the same vocabulary; its head may be trimmed
   */
  public SpeculativeDecoder(LanguageModel target, LanguageModel draft) {
    Require.that(target.head().isAll(), "head of the target must be whole, got %s", target.head());
    int own = draft.vocabulary();
    Require.that(
        target.vocabulary() == own,
        "draft model must have the target's %d tokens, got %d",
        target.vocabulary(),
        own);
    this.target = target;
    this.draft = draft;
  }

  /**
   * Generates text.
   *
   * @param prompt at least one token
   * @param random source of randomness; unused at temperature 0
   */
  public Generation generate(int[] prompt, DecodeOptions options, RandomGenerator random) {
    PlainDecoder.checkLength(prompt, options, target, draft);
    try (LanguageModel.Session ofTarget = target.session();
        LanguageModel.Session ofDraft = draft.session(ofTarget)) {
      Run run = new Run(prompt, options, TokenRule.of(options, random), ofTarget, ofDraft);
      run.decode();
      return new Generation(
          Arrays.copyOfRange(run.tokens, prompt.length, run.length), run.statistics());
    }
  }

  /** One generation: the target's session holds all verified tokens but the last. */
  private final class Run {
    private final DecodeOptions options;
    private final TokenRule rule;
    private final LanguageModel.Session ofTarget;
    private final LanguageModel.Session ofDraft;
    private final VocabularySubset retained = draft.head();
    private final int prompt;
    private final int[] tokens;
    private int length;
    private boolean stopped;
    private long calls;
    private final double[] judged;
    private final double[] accepted;
    private long outside;
    private long wrong;

    Run(
        int[] prompt,
        DecodeOptions options,
        TokenRule rule,
        LanguageModel.Session ofTarget,
        LanguageModel.Session ofDraft) {
      this.options = options;
      this.rule = rule;
      this.ofTarget = ofTarget;
      this.ofDraft = ofDraft;
      this.prompt = prompt.length;
      this.tokens = Arrays.copyOf(prompt, prompt.length + options.maxTokens());
      this.length = prompt.length;
      this.judged = new double[options.draftTokens()];
      this.accepted = new double[options.draftTokens()];
    }

    void decode() {
      if (length > 1) {
        ofTarget.feedLast(Arrays.copyOf(tokens, length - 1));
      }
      while (length < tokens.length && !stopped) {
        List<TokenRule.Draft> chain = draft(Math.min(judged.length, tokens.length - length - 1));
        verify(chain);
        ofTarget.rollback(length - 1);
        ofDraft.rollback(Math.min(ofDraft.length(), length - 1));
      }
    }

    private List<TokenRule.Draft> draft(int most) {
      List<TokenRule.Draft> chain = new ArrayList<>(most);
      int[] feed = Arrays.copyOfRange(tokens, ofDraft.length(), length);
      while (chain.size() < most) {
        TokenRule.Draft next = rule.draft(ofDraft.feedLast(feed), retained);
        chain.add(next);
        if (options.stop().contains(next.token())) {
          break;
        }
        feed = new int[] {next.token()};
      }
      return chain;
    }

    private void verify(List<TokenRule.Draft> chain) {
      int[] feed = new int[chain.size() + 1];
      feed[0] = tokens[length - 1];
      for (int j = 0; j < chain.size(); j++) {
        feed[j + 1] = chain.get(j).token();
      }
      float[] logits = ofTarget.feed(feed);
      calls++;
      int vocabulary = target.vocabulary();
      for (int j = 0; j < chain.size(); j++) {
        judged[j]++;
        int verdict = rule.judge(chain.get(j), retained, logits, j * vocabulary);
        if (verdict < 0) {
          int instead = -1 - verdict;
          if (retained.contains(instead)) {
            wrong++;
          } else {
            outside++;
          }
          append(instead);
          return;
        }
        accepted[j]++;
        append(verdict);
        if (stopped) {
          return;
        }
      }
      append(rule.next(logits, chain.size() * vocabulary, vocabulary));
    }

    private void append(int token) {
      tokens[length++] = token;
      stopped = options.stop().contains(token);
    }

    BlockStatistics statistics() {
      return new BlockStatistics(length - prompt, calls, judged, accepted, outside, wrong);
    }
  }
}
