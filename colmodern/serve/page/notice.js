// What is said where something failed?

import { element, visible } from "./text.js";

/** Show an error in a place, with its code, and a button that tries again. */
export function showError(place, error, again) {
  const wait = error.wait ? ` Try again in ${error.wait} s.` : "";
  const about = [error.code, error.request && `request ${error.request}`].filter(Boolean);
  const button = element("button", { type: "button" }, "Try again");
  button.addEventListener("click", again);
  const [first, ...more] = visible(error.message).split("\n");
  place.replaceChildren(
    element("p", {}, first + wait),
    more.length ? element("pre", {}, more.join("\n")) : "",
    element("p", { class: "code" }, about.join(" · ")),
    button,
  );
}

/** Mark the field that is at fault, if the error names one, and unmark the others. */
export function blame(form, error, place) {
  for (const field of form.elements) {
    if (!field.name) continue;
    const isAtFault = Boolean(error) && field.name === ({ query: "q" }[error.option] ?? error.option);
    if (isAtFault) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", place.id);
    } else {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }
}
