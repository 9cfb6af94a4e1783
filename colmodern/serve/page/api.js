// How is the server asked, and what can go wrong on the way?

import { forget, signIn, token } from "./sign_in.js";

/** What the server refused, or that it gave no answer: then ``code`` is empty. */
export class ApiError extends Error {
  constructor(message, { code = "", option = "", wait = "", request = "" } = {}) {
    super(message);
    Object.assign(this, { code, option, wait, request });
  }
}

/** Return the answer to a request; asks the person for a token when the server does.
 *
 * @param {string} path below the page's own address
 * @param {{body?: object, params?: object, signal?: AbortSignal}} asked a body makes it a POST
 */
export async function call(path, { body, params, signal } = {}) {
  const address = params ? `${path}?${new URLSearchParams(params)}` : path;
  for (;;) {
    const used = token();
    const response = await send(address, body, signal, used);
    if (response.ok) return reached(() => response.json());
    const error = await errorOf(response);
    if (response.status !== 401) throw error;
    if (token() === used) {
      forget();
      if (!(await signIn(used ? "The server does not know this token." : ""))) throw error;
    }
    signal?.throwIfAborted();
  }
}

async function send(address, body, signal, used) {
  const headers = { Accept: "application/json" };
  if (used) headers.Authorization = `Bearer ${used}`;
  if (body) headers["Content-Type"] = "application/json";
  const asked = { signal, headers, credentials: "omit", redirect: "error" };
  if (body) Object.assign(asked, { method: "POST", body: JSON.stringify(body) });
  return reached(() => fetch(address, asked));
}

async function errorOf(response) {
  const wait = response.headers.get("Retry-After") ?? "";
  const request = response.headers.get("X-Request-ID") ?? "";
  try {
    const { error } = await response.json();
    return new ApiError(error.message, { ...error, wait, request });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const said = response.status === 503 ? "is too busy" : `answered with status ${response.status}`;
    return new ApiError(`The server ${said}, and said no more.`, { wait, request });
  }
}

async function reached(doing) {
  try {
    return await doing();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. It may have ended, or the network is down.");
  }
}
