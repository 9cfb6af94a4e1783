// The query, token by token: pointing at one shows its match in every hit.

import { element, percent, visible } from "./text.js";

/** The row of a query's tokens; ``show`` is called with the number of the one to show, or null. */
export class Tokens {
  constructor(place, show) {
    Object.assign(this, { place, show, pinned: null, buttons: new Map() });
    place.addEventListener("keydown", (event) => this.move(event));
    place.addEventListener("pointerleave", () => this.show(this.pinned));
  }

  /** Show nothing. */
  clear() {
    this.pinned = null;
    this.buttons.clear();
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /** Show the tokens of a query as they count for its best hit. */
  draw(explanation, mode) {
    this.clear();
    const row = element("div", { class: "query", role: "toolbar", "aria-label": "Tokens of the query" });
    const most = Math.max(...explanation.matches.map((match) => match.share), 0);
    const query = Array.from(explanation.query);
    let end = 0;
    let added = 0;
    explanation.matches.forEach((match, number) => {
      if (match.query_end <= match.query_start || match.query_start < end) {
        added += match.share;
        return;
      }
      row.append(visible(query.slice(end, match.query_start).join("")));
      row.append(this.button(match, number, most > 0 ? match.share / most : 0));
      end = match.query_end;
    });
    row.append(visible(query.slice(end).join("")));
    if (!this.buttons.size) return;
    this.buttons.values().next().value.tabIndex = 0;
    const score = mode === "hybrid" ? "the late score of the first hit" : "the score of the first hit";
    const rest = added > 0 ? ` What the encoder adds counts ${percent(added)}.` : "";
    const what = `The lines show how much each token counts in ${score}. Point at one to see its matches.`;
    this.place.append(row, element("p", {}, what + rest));
    this.place.hidden = false;
  }

  button(match, number, weight) {
    const line = element("span", { class: "weight" });
    line.style.setProperty("--weight", weight.toFixed(3));
    const text = visible(match.query_token);
    const button = element(
      "button",
      { type: "button", tabindex: "-1", "aria-pressed": "false", title: `${percent(match.share)} of the first hit's score` },
      element("bdi", {}, text), line,
    );
    button.addEventListener("pointerenter", () => this.show(number));
    button.addEventListener("focus", () => this.show(number));
    button.addEventListener("blur", () => this.show(this.pinned));
    button.addEventListener("click", () => this.pin(number));
    this.buttons.set(number, button);
    return button;
  }

  /** Keep showing a token, or stop. */
  pin(number) {
    this.pinned = this.pinned === number ? null : number;
    for (const [other, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(other === this.pinned));
    }
    this.show(this.pinned ?? number);
  }

  move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = [...this.buttons.values()];
    const at = buttons.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = buttons[(at + step + buttons.length) % buttons.length];
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
