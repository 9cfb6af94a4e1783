// What is shown? It stands in the address, after #, so that a link or the back button shows it again.

const DEFAULTS = {
  q: "", index: "", mode: "auto", effort: "medium", k: "10", where: "", doc: "", at: "",
};
const OF_A_SEARCH = ["q", "index", "mode", "effort", "k", "where"];

/** Return what the address says. */
export function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, value]) => [name, said.get(name) ?? value]),
  );
}

/** Return the end of an address that says this. */
export function address(state) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if ((state[name] ?? value) !== value) said.set(name, state[name]);
  }
  return `#${said}`;
}

/** Return the address without a document that is open. */
export function closed(state) {
  return address({ ...state, doc: "", at: "" });
}

/** Whether two states show the same hits. */
export function sameSearch(one, other) {
  return OF_A_SEARCH.every((name) => one[name] === other[name]);
}

/** Return the characters that ``at`` names, as START-END; null if it names none. */
export function rangeOf(at) {
  const found = /^(\d{1,10})-(\d{1,10})$/.exec(at);
  if (!found) return null;
  const [start, end] = [Number(found[1]), Number(found[2])];
  return start <= end ? { start, end } : null;
}
