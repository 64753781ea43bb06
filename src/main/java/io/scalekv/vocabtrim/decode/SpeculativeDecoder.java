package io.scalekv.vocabtrim.decode;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A draft model proposes chains of γ tokens, the target judges each chain in one pass. Both keep
 * their keys and values; what was rejected is rolled back. The last chain is as short as the tokens
 * that are still wanted, and a chain ends with a stop token.
 *
 * <p>Greedy output is the target's own to the token, as far as a pass over several tokens computes
 * the logits that a pass over one computes: two tokens whose logits differ by less than the
 * rounding of float32 sums may change places.
 */
public final class SpeculativeDecoder {
  private final LanguageModel target;
  private final LanguageModel draft;

  /**
   * A decoder of two models, which it does not own.
   *
   * @param target with its whole head
   * @param draft of the same vocabulary; its head may be trimmed
   */
  public SpeculativeDecoder(LanguageModel target, LanguageModel draft) {
    Require.that(
        target.head().isAll(),
        "target of speculative decoding must have its whole head, got %s",
        target.head());
    Require.that(
        target.vocabulary() == draft.vocabulary(),
        "draft model must have the target's %s tokens, got %s",
        target.vocabulary(),
        draft.vocabulary());
    this.target = target;
    this.draft = draft;
  }

  /**
   * Generates.
   *
   * @param prompt at least one token
   * @param random source of randomness; unused at temperature 0
   */
  public Generation generate(int[] prompt, DecodeOptions options, RandomGenerator random) {
    PlainDecoder.checkLength(prompt, options, target, draft);
    try (LanguageModel.Session ofTarget = target.session();
        LanguageModel.Session ofDraft = draft.session()) {
      Run run = new Run(prompt, options, TokenRule.of(options, random), ofTarget, ofDraft);
      run.toTheEnd();
      return new Generation(
          Arrays.copyOfRange(run.tokens, prompt.length, run.length), run.statistics());
    }
  }

  /** One generation: the target's session holds all certain tokens but the last. */
  private final class Run {
    private final DecodeOptions options;
    private final TokenRule rule;
    private final LanguageModel.Session ofTarget;
    private final LanguageModel.Session ofDraft;
    private final VocabularySubset kept = draft.head();
    private final int prompt;
    private final int[] tokens;
    private int length;
    private boolean stopped;
    private long targetCalls;
    private long draftCalls;
    private final long[] drafted;
    private final long[] judged;
    private final long[] accepted;
    private long rejectedNotKept;
    private long rejectedWrong;

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
      this.drafted = new long[options.draftTokens()];
      this.judged = new long[options.draftTokens()];
      this.accepted = new long[options.draftTokens()];
    }

    void toTheEnd() {
      if (length > 1) {
        ofTarget.feedLast(Arrays.copyOf(tokens, length - 1));
      }
      while (length < tokens.length && !stopped) {
        List<TokenRule.Draft> chain = draft(Math.min(drafted.length, tokens.length - length - 1));
        verify(chain);
        ofTarget.rollback(length - 1);
        ofDraft.rollback(Math.min(ofDraft.length(), length - 1));
      }
    }

    private List<TokenRule.Draft> draft(int most) {
      List<TokenRule.Draft> chain = new ArrayList<>(most);
      int[] feed = Arrays.copyOfRange(tokens, ofDraft.length(), length);
      while (chain.size() < most) {
        TokenRule.Draft next = rule.draft(ofDraft.feedLast(feed), kept);
        draftCalls++;
        drafted[chain.size()]++;
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
      targetCalls++;
      int vocabulary = target.vocabulary();
      for (int j = 0; j < chain.size(); j++) {
        judged[j]++;
        int verdict = rule.judge(chain.get(j), kept, logits, j * vocabulary);
        if (verdict < 0) {
          int instead = -1 - verdict;
          if (kept.contains(instead)) {
            rejectedWrong++;
          } else {
            rejectedNotKept++;
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

    DecodeStatistics statistics() {
      return new DecodeStatistics(
          length - prompt,
          targetCalls,
          draftCalls,
          drafted,
          judged,
          accepted,
          rejectedNotKept,
          rejectedWrong);
    }
  }
}
