// A document's text at a place: read in ranges, so that a long one opens as fast as a short one.

import { call } from "./api.js";
import { showError } from "./notice.js";
import { drawPlace, titleOf } from "./place.js";
import { Part, SOFT, count, element, marked, visible } from "./text.js";

const BEFORE = 4_000;
const PIECE = 16_000;
const FULL = 60; // a line of prose this long was broken for its length

const part = (id) => document.getElementById(id);

/** The dialog that shows a document; ``onClose`` is called when a person closes it. */
export class Reader {
  constructor(onClose) {
    this.dialog = part("reader");
    this.scroll = part("reader-scroll");
    this.ends = { earlier: part("reader-earlier"), later: part("reader-later") };
    this.asking = new AbortController();
    this.isShown = false;
    this.dialog.addEventListener("close", () => { if (this.isShown && !this.dialog.open) onClose(); });
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) onClose(); });
    part("reader-close").addEventListener("click", onClose);
    part("reader-back").addEventListener("click", () => this.toPlace());
    const seen = new IntersectionObserver(
      (entries) => { for (const one of entries) if (one.isIntersecting) one.target.click(); },
      { root: this.scroll, rootMargin: "800px" },
    );
    for (const [end, button] of Object.entries(this.ends)) {
      button.addEventListener("click", () => this.more(end));
      seen.observe(button);
    }
  }

  /** Show a document from the characters of ``range``; ``hit`` says what of it answers. */
  async open(id, index, range, hit) {
    this.close();
    this.asking = new AbortController();
    Object.assign(this, { id, index, range, from: 0, to: 0, length: null, isLoading: false });
    const own = isOf(hit?.passage, range) ? hit.passage : null;
    this.ranges = rangesOf(range, own);
    part("reader-text").className = hit?.metadata.type === "code" ? "kept" : "";
    part("reader-text").replaceChildren();
    part("reader-title").textContent = hit ? titleOf(hit) : visible(id);
    part("reader-place").replaceChildren(...drawPlace({ ...(hit ?? { id }), passage: own }));
    part("reader-back").hidden = range.start === range.end;
    part("reader-range").textContent = "Loading …";
    part("reader-notice").replaceChildren();
    this.isShown = true;
    this.dialog.showModal();
    part("reader-title").focus();
    const start = Math.max(0, range.start - BEFORE);
    const end = Math.min(range.end, range.start + PIECE) + PIECE;
    await this.load(start, end, "later", () => this.toPlace());
  }

  /** Show none. */
  close() {
    this.asking.abort();
    this.isShown = false;
    for (const button of Object.values(this.ends)) button.hidden = true;
    if (this.dialog.open) this.dialog.close();
  }

  /** Show the place that was asked for. */
  toPlace() {
    const mark = this.dialog.querySelector("mark.passage, mark.best");
    if (mark) mark.scrollIntoView({ block: this.scroll.clientHeight > 400 ? "center" : "start" });
    else this.scroll.scrollTop = 0;
  }

  /** Load what comes before or after what is shown. */
  more(end) {
    if (this.isLoading || this.length === null) return;
    if (end === "earlier") this.load(Math.max(0, this.from - PIECE), this.from, end);
    else this.load(this.to, this.to + PIECE, end);
  }

  async load(start, end, which, then = () => {}) {
    const { signal } = this.asking;
    this.isLoading = true;
    try {
      const params = { id: this.id, start, end, ...(this.index ? { index: this.index } : {}) };
      const found = await call("v1/documents", { params, signal });
      if (signal.aborted) return;
      part("reader-notice").replaceChildren();
      this.add(found, which);
      then();
      this.tell();
    } catch (error) {
      if (error.name === "AbortError" || signal.aborted) return;
      part("reader-range").textContent = "";
      showError(part("reader-notice"), error, () => this.load(start, end, which, then));
    } finally {
      if (!signal.aborted) this.isLoading = false;
    }
  }

  add(found, which) {
    const piece = new Part(found.text, found.start);
    const ranges = [...this.ranges, ...softEnds(piece)];
    const nodes = element("span", {}, ...marked(piece, piece.start, piece.end, ranges));
    const before = this.scroll.scrollHeight;
    if (this.length === null) this.from = found.start;
    this.length = found.characters;
    if (which === "earlier") {
      part("reader-text").prepend(nodes);
      this.from = found.start;
      this.scroll.scrollTop += this.scroll.scrollHeight - before;
    } else {
      part("reader-text").append(nodes);
      this.to = found.end;
    }
  }

  tell() {
    this.ends.earlier.hidden = this.from <= 0;
    this.ends.later.hidden = this.to >= this.length;
    const isWhole = this.from <= 0 && this.to >= this.length;
    const all = count(this.length, "character");
    part("reader-range").textContent = isWhole ? all : `characters ${count(this.from)} to ${count(this.to)} of ${all}`;
  }
}

/** Return what to mark: the passage, its sentences that answer, what matched; or the range alone. */
function rangesOf(range, passage) {
  if (!passage) return [{ ...range, name: "passage best" }];
  const answers = passage.sentences.filter((one) => one.answers);
  return [
    { ...range, name: "passage" },
    ...answers.map(({ start, end }) => ({ start, end, name: "answers" })),
    ...passage.highlights.map(([start, end]) => ({ start, end, name: "lit" })),
  ];
}

/** Whether a range is a hit's own passage: then its place is known. */
function isOf(passage, range) {
  return passage?.start === range.start && passage?.end === range.end;
}

/** Return the line ends that only keep lines short: on a narrow screen they are shown as spaces. */
function softEnds(piece) {
  const found = [];
  let start = 0;
  piece.characters.forEach((character, at) => {
    if (character !== "\n") return;
    const isFull = at - start >= FULL && /[^\s|]/u.test(piece.characters[start]);
    const goesOn = /[\p{L}\p{N}"'(]/u.test(piece.characters[at + 1] ?? "");
    if (isFull && goesOn) found.push({ start: piece.start + at, end: piece.start + at + 1, name: SOFT });
    start = at + 1;
  });
  return found;
}
