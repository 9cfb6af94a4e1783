// Where does a passage stand, in the words of its reader?

import { element, flat } from "./text.js";

/** Return the name of a document: its title, or its id. */
export function titleOf(found) {
  const noted = typeof found.metadata?.title === "string" ? found.metadata.title : "";
  return flat(found.title || noted) || flat(found.id);
}

/** Return the place of a hit as nodes: id, page, slide, cell, sections, row, time or line.
 *
 * What its title says already is left out.
 */
export function drawPlace(hit) {
  const [title, id] = [titleOf(hit), flat(hit.id)];
  const parts = id === title ? [] : [element("bdi", { class: "id" }, id)];
  if (hit.passage) parts.push(...placesIn(hit.passage, title));
  return parts.flatMap((part, number) => (number ? [" · ", part] : [part]));
}

function placesIn(passage, title) {
  const sections = passage.section.map(flat);
  if (sections[0] === title) sections.shift();
  const parts = ["page", "slide", "cell"].filter((name) => passage[name]).map((name) => `${name} ${passage[name]}`);
  if (sections.length) parts.push(element("bdi", {}, sections.join(" › ")));
  if (passage.row) parts.push(`row ${passage.row}`);
  parts.push(Number.isInteger(passage.seconds) ? clock(passage.seconds) : `line ${passage.line}`);
  return parts;
}

function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}
