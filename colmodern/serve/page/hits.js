// The hits of a search, in their order.

import { Explanations } from "./explanations.js";
import { HitView } from "./hit.js";
import { Tokens } from "./tokens.js";
import { count } from "./text.js";

/** The list of hits, with the row of tokens above it. */
export class HitList {
  constructor(list, tokens) {
    this.list = list;
    this.views = [];
    this.token = null;
    this.tokens = new Tokens(tokens, (number) => this.show(number));
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.views.find((view) => view.element === target)?.explain();
      }
    });
  }

  /** Show no hits. */
  clear() {
    this.seen.disconnect();
    this.views = [];
    this.token = null;
    this.tokens.clear();
    this.list.replaceChildren();
  }

  /** Show the hits of an answer; those in view are explained, until ``signal`` ends that. */
  draw(answer, state, signal) {
    this.clear();
    const why = byTokens(answer) ? new Explanations(answer.query, answer.index, signal) : null;
    this.views = answer.hits.map((hit) => new HitView(hit, state, why));
    this.list.append(...this.views.map((view) => view.element));
    if (why && this.views.length) this.name(why, this.views[0].hit.id, answer.mode);
    for (const view of this.views) this.seen.observe(view.element);
  }

  async name(why, id, mode) {
    try {
      const found = await why.of(id);
      if (!why.signal.aborted) this.tokens.draw(found, mode);
    } catch { /* the hit itself says what failed */ }
  }

  show(number) {
    if (number === this.token) return;
    this.token = number;
    for (const view of this.views) {
      view.show(number);
    }
  }

  /** Return the hit of a document, if it is one. */
  of(id) {
    return this.views.find((view) => view.hit.id === id)?.hit ?? null;
  }

  /** Move the focus by so many hits, from the one that has it; false at the ends. */
  move(step) {
    const at = this.views.findIndex((view) => view.element.contains(document.activeElement));
    const next = this.views[at < 0 ? (step > 0 ? 0 : -1) : at + step];
    next?.link.focus();
    next?.element.scrollIntoView({ block: "nearest" });
    return Boolean(next);
  }
}

/** Whether tokens make the score: BM25 counts words, and answers what the model cannot read. */
function byTokens(answer) {
  return answer.mode !== "bm25" && answer.answered_by !== "bm25";
}

/** Say how many hits there are, or why there is none. */
export function told(answer, state, index) {
  const { hits, milliseconds } = answer;
  if (hits.length) {
    const time = Object.values(milliseconds).reduce((sum, one) => sum + one, 0);
    return `${count(hits.length, "hit")} in ${time < 10 ? time.toFixed(1) : time.toFixed(0)} ms, best first`;
  }
  if (index?.documents === 0) return `No hit: the index ${index.name} holds no document yet.`;
  if (state.where) return "No hit among the documents that the filter lets through.";
  if (!byTokens(answer)) return "No hit: no document holds any of these words.";
  return "No hit.";
}
