// One hit: what answers, where it stands, and why it was found.

import { drawPassage } from "./passage.js";
import { drawPlace, titleOf } from "./place.js";
import { address } from "./state.js";
import { Part, element, flat, marked, percent, visible } from "./text.js";

const LONGEST_VALUE = 300;
const MOST_NAMED = 3;
const PAUSE = 150;
const ALMOST = 0.8; // a match in the passage is shown beside the best one if it is this good

/** A hit on the page; ``why`` gives its explanation, null where tokens do not make the score. */
export class HitView {
  constructor(hit, state, why) {
    Object.assign(this, { hit, state, why, explanation: null, token: null, leaving: null });
    this.text = element("div", { class: "passage" });
    this.bar = element("div", { class: "bar", "aria-hidden": "true" });
    this.line = element("p", { class: "why" });
    this.link = element("a", { href: this.open(hit.passage), dir: "auto" }, titleOf(hit));
    this.element = element(
      "li",
      { class: "hit" },
      element("h2", { "data-rank": hit.rank }, this.link),
      element("p", { class: "score" }, element("span", { class: "unseen" }, "score "), hit.score.toFixed(3)),
      element("p", { class: "place" }, ...drawPlace(hit)),
      this.text,
      ...(why ? [this.bar, this.line] : []),
      this.details(),
    );
    this.draw([]);
  }

  /** Show which token matched where, as soon as that is known. */
  async explain() {
    if (!this.why || this.explanation) return;
    try {
      this.explanation = await this.why.of(this.hit.id);
    } catch (error) {
      if (error.name !== "AbortError") this.line.textContent = visible(error.message);
      return;
    }
    this.bar.replaceChildren(...this.explanation.matches.map((match) => segment(match)));
    this.show(this.token);
  }

  /** Show the match of one token of the query; null: of none, but which count most. */
  show(token) {
    this.leaving?.abort();
    this.token = token;
    const match = token === null ? null : this.explanation?.matches[token];
    [...this.bar.children].forEach((one, number) => one.classList.toggle("now", number === token));
    this.draw(match ? this.ranges(match) : []);
    if (match) this.tell(match);
    else if (this.explanation) this.line.replaceChildren(...most(this.explanation.matches));
  }

  /** Return what of the document a token of the query matched best, and in the passage almost. */
  ranges(match) {
    const tokens = this.explanation.passages[0]?.tokens ?? [];
    const others = tokens.filter(([, , score, token]) => token === this.token && score >= ALMOST * match.score);
    return [
      ...others.map(([start, end]) => ({ start, end, name: "also" })),
      { start: match.start, end: match.end, name: "best" },
    ];
  }

  draw(ranges) {
    const { passage } = this.hit;
    if (passage) this.text.replaceChildren(...drawPassage(passage, ranges));
    else this.text.replaceChildren(element("p", { class: "beside" }, "No part of the text matched: the title did."));
  }

  tell(match) {
    const said = [element("b", {}, element("bdi", {}, flat(match.query_token))), ` counts ${percent(match.share)}, `];
    if (match.end <= match.start) {
      this.line.replaceChildren(...said, "matched in the title or at the edge of the text");
      return;
    }
    const { passage } = this.hit;
    const isShown = passage && passage.start <= match.start && match.end <= passage.end;
    const word = element("bdi", { class: "word" }, flat(match.document_token));
    this.line.replaceChildren(...said, isShown ? "best at " : "best elsewhere: ", word);
    if (!isShown) this.quote(match, word);
  }

  /** Put the text around a match in place of its word, and a link to it. */
  async quote(match, word) {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
    if (signal.aborted) return;
    try {
      const found = await this.why.around(this.hit.id, match, signal);
      const range = { start: match.start, end: match.end, name: "best" };
      const nodes = marked(new Part(found.text, found.start), found.start, found.end, [range]);
      word.replaceWith(element("a", { class: "word", href: this.open(match), dir: "auto" }, found.start ? "…" : "", ...nodes, "…"));
    } catch { /* the word alone says it, too */ }
  }

  open(range) {
    return address({ ...this.state, doc: this.hit.id, at: range ? `${range.start}-${range.end}` : "0-0" });
  }

  details() {
    const { hit } = this;
    const values = { score: hit.score, ...hit.parts };
    if (hit.passage) values.characters = `${hit.passage.start} to ${hit.passage.end}`;
    const known = { id: hit.id, ...(hit.source ? { file: hit.source } : {}), ...hit.metadata };
    const rows = [...Object.entries(values), ...Object.entries(known)].map(([name, value]) => [
      element("dt", {}, flat(name).replaceAll("_", " ")),
      element("dd", { dir: "auto" }, short(value)),
    ]);
    return element("details", {}, element("summary", {}, "Score and metadata", parts(hit)), element("dl", {}, ...rows.flat()));
  }
}

function parts(hit) {
  const said = Object.entries(hit.parts ?? {}).map(
    ([name, value]) => `${name} ${value === null ? "none" : value.toFixed(3)}`,
  );
  return said.length ? element("span", { class: "parts" }, ` ${said.join(" · ")}`) : null;
}

function segment(match) {
  const made = element("span");
  made.style.flexGrow = Math.max(0, match.share);
  return made;
}

function most(matches) {
  const best = matches.filter((match) => match.query_token && match.share > 0);
  best.sort((one, other) => other.share - one.share);
  return best.slice(0, MOST_NAMED).flatMap((match, number) => [
    number ? ", " : "most by ",
    element("bdi", {}, flat(match.query_token)),
    ` ${percent(match.share)}`,
  ]);
}

function short(value) {
  const text = value === null ? "none" : flat(String(value));
  return text.length > LONGEST_VALUE ? `${Array.from(text).slice(0, LONGEST_VALUE).join("")}…` : text;
}
