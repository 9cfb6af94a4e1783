// How is a text cut and shown? Every text that comes from outside becomes a text node, never markup.

// What could turn the order of letters around, or shows nothing: one U+FFFD each, as in the terminal.
const STEERING = /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Return a text that cannot steer how the text around it is shown. */
export function visible(text) {
  return text.replace(STEERING, "\ufffd");
}

/** Return a text on one line, with single spaces. */
export function flat(text) {
  return visible(text.trim().replace(/\s+/g, " "));
}

/** Return an element; attributes that are false or null are left out, strings become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A part of a document's text, addressed as the server does: by characters of the document.
 *
 * The server counts Unicode characters, JavaScript counts halves of those beyond U+FFFF.
 */
export class Part {
  constructor(text, start) {
    this.characters = Array.from(text);
    this.start = start;
    this.end = start + this.characters.length;
  }

  /** Return the text between two characters, as far as it lies in this part. */
  slice(start, end) {
    const from = Math.max(start, this.start) - this.start;
    return this.characters.slice(from, Math.max(from, end - this.start)).join("");
  }
}

/** The name of a range that is not marked: the end of a line that goes on in the next one. */
export const SOFT = "soft";

/** Return the nodes of a part between two characters; each range {start, end, name} marks its own. */
export function marked(part, start, end, ranges) {
  const inside = ranges.filter((range) => range.start < end && range.end > start);
  const cuts = new Set([start, end]);
  for (const range of inside) {
    cuts.add(Math.max(start, range.start));
    cuts.add(Math.min(end, range.end));
  }
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(1).map((to, number) => {
    const from = places[number];
    const names = inside.filter((range) => range.start <= from && to <= range.end);
    const text = visible(part.slice(from, to));
    if (!names.length) return document.createTextNode(text);
    const isMarked = names.some((range) => range.name !== SOFT);
    const classes = new Set(names.map((range) => range.name));
    return element(isMarked ? "mark" : "span", { class: [...classes].join(" ") }, text);
  });
}

const WHOLE = new Intl.NumberFormat("en");

/** Return a whole number with its thousands apart. */
export function count(number, one = "", many = `${one}s`) {
  const said = WHOLE.format(number);
  return one ? `${said} ${number === 1 ? one : many}` : said;
}

/** Return a share of a score as a person says it. */
export function percent(share) {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
