// Who asks? A token, typed by a person and kept as long as the tab is open.

const NAME = "colmodern.token";
const SENDABLE = /^[\x21-\x7e]+$/;

let asking = null;
let kept = null;

const part = (id) => document.getElementById(id);

/** Return the token; empty if there is none. */
export function token() {
  kept ??= fromSession();
  return kept;
}

/** Forget the token. */
export function forget() {
  keep("");
}

/** Ask for a token, once for all who wait; resolves to whether there is one. */
export function signIn(why) {
  asking ??= ask(why).finally(() => { asking = null; });
  return asking;
}

function ask(why) {
  const dialog = part("sign-in");
  part("sign-in-why").textContent = why;
  part("token").value = "";
  part("sign-in-cancel").onclick = () => dialog.close();
  let isGiven = false;
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    const typed = part("token").value.trim();
    isGiven = SENDABLE.test(typed);
    if (isGiven) {
      keep(typed);
      dialog.close();
    } else {
      part("sign-in-why").textContent = "A token is one word of Latin letters, digits and signs.";
      part("token").focus();
    }
  };
  dialog.showModal();
  part("token").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(isGiven), { once: true });
  });
}

function keep(value) {
  kept = value;
  part("forget").hidden = !value;
  try {
    if (value) sessionStorage.setItem(NAME, value);
    else sessionStorage.removeItem(NAME);
  } catch { /* a browser that keeps nothing: it holds until the page is loaded again */ }
}

function fromSession() {
  try {
    const found = sessionStorage.getItem(NAME) ?? "";
    part("forget").hidden = !found;
    return found;
  } catch {
    return "";
  }
}
