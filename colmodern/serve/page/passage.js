// How is a passage shown? As in the terminal: whole sentences, with line breaks where they mean something.

import { Part, element, flat, marked } from "./text.js";

const KEEPS_SPACES = new Set(["row", "code"]);

/** Return the blocks of a passage; ``matches`` are ranges to mark beside what matched. */
export function drawPassage(passage, matches = []) {
  const part = new Part(passage.text, passage.start);
  const highlights = passage.highlights.map(([start, end]) => ({ start, end, name: "lit" }));
  const sentences = shown(passage);
  const blocks = [];
  const texts = sentences.map((one) => flat(part.slice(one.start, one.end)));
  if (passage.lead && !texts.includes(flat(passage.lead))) {
    blocks.push(block("lead", element("span", { class: "beside" }, flat(passage.lead))));
  }
  let last = null;
  for (const one of sentences) {
    const gap = last ? part.slice(last.end, one.start) : "";
    const isProse = one.kind === "sentence" && last?.kind === "sentence";
    if (gap.trim() && one.kind !== "sentence" && last.kind !== "sentence") {
      blocks.push(block("gap", "…"));
    }
    if (!isProse || gap.includes("\n\n")) blocks.push(block(one.kind));
    else blocks.at(-1).append(gap.trim() ? " … " : " ");
    blocks.at(-1).append(drawn(part, one, [...highlights, ...matches]));
    last = one;
  }
  return blocks;
}

/** Return the sentences that are shown: headings stand in the place above. */
function shown(passage) {
  const sentences = passage.sentences.filter((one) => one.kind !== "heading");
  if (sentences.length) return sentences;
  return [{ start: passage.start, end: passage.end, kind: "sentence", answers: true }];
}

function drawn(part, one, ranges) {
  const nodes = marked(part, one.start, one.end, ranges);
  return element("span", { class: one.answers ? "answers" : "beside" }, ...nodes);
}

function block(kind, ...children) {
  const name = KEEPS_SPACES.has(kind) ? `${kind} kept` : kind;
  return element("p", { class: name, dir: "auto" }, ...children);
}
