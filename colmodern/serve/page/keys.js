// Which keys do what? None while something is typed, but those that leave the field.

const LETTERS = { j: 1, k: -1 };
const ARROWS = { ArrowDown: 1, ArrowUp: -1 }; // they scroll, unless a hit has the focus
const TYPING = "input, select, textarea";

/** Listen to keys: / goes to the query, j, k and arrows go from hit to hit; Enter opens by itself. */
export function listen(hits, query) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const at = document.activeElement;
    const isTyping = at?.matches(TYPING);
    const isInHits = at === query ? event.key === "ArrowDown" : Boolean(at?.closest("#hits"));
    const step = (isTyping ? 0 : LETTERS[event.key]) || (isInHits ? ARROWS[event.key] : 0);
    if (event.key === "/" && !isTyping) {
      query.focus();
      query.select();
    } else if (event.key === "Escape" && at?.closest("#tokens, #hits, form")) {
      at.blur();
    } else if (step) {
      if (!hits.move(step) && step < 0) query.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
}
