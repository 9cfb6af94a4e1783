// Which token of a query matched where? Asked a hit at a time, when it is needed.

import { call } from "./api.js";

const AT_A_TIME = 2;
const AROUND = 60;

/** The explanations of the hits of one search; ``signal`` ends them all. */
export class Explanations {
  constructor(query, index, signal) {
    Object.assign(this, { query, index, signal });
    this.known = new Map();
    this.waiting = [];
    this.running = 0;
  }

  /** Return why a document matched; one that failed is asked for again. */
  of(id) {
    if (!this.known.has(id)) {
      const body = { query: this.query, id, index: this.index, passages: 1, mode: "late" };
      const asked = this.inTurn(() => call("v1/explain", { body, signal: this.signal }));
      this.known.set(id, asked);
      asked.catch(() => this.known.delete(id));
    }
    return this.known.get(id);
  }

  /** Return the text around a match that no passage shows: what is before, the match, after. */
  async around(id, match, signal) {
    const start = Math.max(0, match.start - AROUND);
    const params = { id, start, end: match.end + AROUND, index: this.index };
    return call("v1/documents", { params, signal: AbortSignal.any([signal, this.signal]) });
  }

  inTurn(work) {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => work().then(resolve, reject));
      this.next();
    });
  }

  next() {
    while (this.running < AT_A_TIME && this.waiting.length) {
      this.running += 1;
      this.waiting.shift()().finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }
}
