// The page of `colmodern serve`: what the address says is asked, and shown.

import { call } from "./api.js";
import { HitList, told } from "./hits.js";
import { listen } from "./keys.js";
import { blame, showError } from "./notice.js";
import { Reader } from "./reader.js";
import { forget } from "./sign_in.js";
import { address, closed, rangeOf, read, sameSearch } from "./state.js";
import { count, visible } from "./text.js";

const part = (id) => document.getElementById(id);
const form = part("search");
const hits = new HitList(part("hits"), part("tokens"));
const reader = new Reader(closeReader);

let shown = null; // the state that is shown
let indexes = null; // what the server says it serves
let asking = new AbortController();
let isOpenedHere = false; // whether going back closes the reader

window.addEventListener("hashchange", show);
form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
form.addEventListener("change", (event) => { if (event.target.name !== "q" && form.elements.q.value.trim()) ask(); });
part("skip").addEventListener("click", (event) => { event.preventDefault(); part("hits").focus(); });
part("forget").addEventListener("click", () => { forget(); location.reload(); });
listen(hits, form.elements.q);
show();

/** Ask what the form says. */
function ask() {
  const next = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  if (next.index === indexes?.[0].name) next.index = "";
  const said = address(next);
  if (location.hash === said || (said === "#" && !location.hash)) search(read());
  else location.hash = said;
}

/** Show what the address says. */
async function show() {
  const state = read();
  const before = shown;
  shown = state;
  if (!before || !sameSearch(before, state)) {
    fill(state);
    await search(state);
    if (shown !== state) return;
  }
  if (!state.doc) {
    reader.close();
  } else if (!before || before.doc !== state.doc || before.at !== state.at) {
    isOpenedHere = Boolean(before) && sameSearch(before, state) && !before.doc;
    reader.open(state.doc, state.index, rangeOf(state.at) ?? { start: 0, end: 0 }, hits.of(state.doc));
  }
}

function closeReader() {
  if (isOpenedHere) history.back();
  else location.hash = closed(read());
}

/** Show the hits of a state; what was asked before is let go. */
async function search(state) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  document.title = state.q ? `${visible(state.q)} – colmodern` : "colmodern";
  part("notice").replaceChildren();
  blame(form, null);
  document.body.classList.toggle("asked", Boolean(state.q));
  if (!state.q) hits.clear();
  part("hits").setAttribute("aria-busy", "true");
  try {
    await learnIndexes(state, signal);
    if (!state.q) {
      const chosen = indexes.find(({ name }) => name === state.index) ?? indexes[0];
      say(`${count(chosen.documents, "document")} can be searched.`);
      return;
    }
    const answer = await call("v1/search", { body: bodyOf(state), signal });
    hits.draw(answer, state, signal);
    const index = indexes.find((one) => one.name === answer.index);
    say(told(answer, state, index), answer.notes);
  } catch (error) {
    if (error.name === "AbortError") return;
    hits.clear();
    say("");
    showError(part("notice"), error, () => search(read()));
    blame(form, error, part("notice"));
  } finally {
    if (!signal.aborted) part("hits").removeAttribute("aria-busy");
  }
}

/** Say what was found, and what there is to know of it. */
function say(found, notes = []) {
  part("count").textContent = found;
  part("notes").textContent = notes.map(visible).join(" ");
}

function bodyOf({ q, index, mode, effort, k, where }) {
  return {
    query: q,
    mode,
    effort,
    k: /^\d+$/.test(k) ? Number(k) : k,
    ...(index ? { index } : {}),
    ...(where ? { where } : {}),
  };
}

/** Ask once what is served, and say it. */
async function learnIndexes(state, signal) {
  if (indexes) return;
  const status = await call("v1/status", { signal });
  indexes = status.indexes;
  form.elements.index.replaceChildren(...indexes.map(({ name }) => new Option(visible(name), name)));
  part("index-field").hidden = indexes.length < 2;
  fill(state);
  part("served").textContent = indexes
    .map((one) => `${visible(one.name)}: ${count(one.documents, "document")}, ${count(one.tokens, "token")}`)
    .join(" · ");
}

/** Let the form say what is asked. */
function fill(state) {
  for (const field of form.elements) {
    if (field.name) field.value = state[field.name];
  }
  if (!state.index && indexes) form.elements.index.value = indexes[0].name;
}
