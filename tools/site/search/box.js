// Where does a person type, and what is shown? A dialog over the page; every text is a text node.
"use strict";
(function (ours) {
  const MOST_HITS = 20;
  const ROOT = new URL("../", document.currentScript.src);
  const IS_FILE = location.protocol === "file:";
  const TYPING = "input, select, textarea, [contenteditable]";
  let ranking = null;
  let reading = null;

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /** The dialog: a field, what there is to say, and the hits. */
  class Box {
    constructor() {
      this.field = element("input", {
        type: "text",
        role: "combobox",
        "aria-label": "Search this site",
        "aria-autocomplete": "list",
        "aria-controls": "site-search-hits",
        "aria-expanded": "false",
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        enterkeyhint: "go",
        placeholder: 'Words, names, or "a phrase"',
      });
      const close = element("button", { type: "button", "aria-label": "Close the search" }, "×");
      this.said = element("p", { role: "status" });
      this.hits = element("div", { id: "site-search-hits", role: "listbox", "aria-label": "Sections found" });
      const top = element("div", { class: "site-search__top" }, this.field, close);
      this.chosen = 0;
      this.dialog = element("dialog", { class: "site-search", "aria-label": "Search" }, top, this.said, this.hits);
      document.body.append(this.dialog);
      close.addEventListener("click", () => this.dialog.close());
      this.field.addEventListener("input", () => this.show());
      this.field.addEventListener("keydown", (event) => this.press(event));
      this.hits.addEventListener("click", (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) this.dialog.close(); // else: another tab
      });
      this.dialog.addEventListener("click", (event) => {
        if (event.target === this.dialog) this.dialog.close(); // beside it
      });
    }

    async open() {
      if (!this.dialog.open) this.dialog.showModal();
      this.field.focus();
      this.field.select();
      if (!ranking) {
        this.said.textContent = "The index is being read …";
        try {
          await (reading ??= read());
        } catch (error) {
          reading = null;
          this.said.textContent = error.message;
          return;
        }
      }
      this.show();
    }

    press(event) {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) this.choose(this.chosen + step);
      else if (event.key === "Enter") this.hits.children[this.chosen]?.click();
      else return;
      event.preventDefault();
    }

    choose(number) {
      const options = [...this.hits.children];
      this.chosen = Math.max(0, Math.min(number, options.length - 1));
      options.forEach((one, i) => one.setAttribute("aria-selected", String(i === this.chosen)));
      const chosen = options[this.chosen];
      if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
      else this.field.removeAttribute("aria-activedescendant");
      chosen?.scrollIntoView({ block: "nearest" });
    }

    /** Show the hits of what stands in the field. */
    show() {
      if (!ranking) return;
      const { query, note } = readAs(this.field.value);
      const found = ranking.search(query, MOST_HITS);
      this.hits.replaceChildren(...found.hits.map((hit, i) => optionOf(hit, i, found)));
      this.field.setAttribute("aria-expanded", String(found.hits.length > 0));
      this.said.textContent = query.trim() ? [saidOf(found), note].filter(Boolean).join(" ") : "";
      this.choose(0);
    }
  }

  /** Return a query whose last word may just be half typed, and what there is to say of that. */
  function readAs(typed) {
    const last = /[^\s"“”„«»]{2,}$/u.exec(typed)?.[0];
    const words = last ? ours.wordsOf(last) : [];
    const whole = words.length === 1 ? ranking.completed(words[0]) : "";
    if (!whole) return { query: typed, note: "" };
    return { query: typed.slice(0, -last.length) + whole, note: `“${last}” is read as “${whole}”.` };
  }

  function saidOf({ hits, n, missing }) {
    const notes = missing.map((phrase) => `No section holds “${phrase.join(" ")}”.`);
    if (!hits.length) return "No section has a word of this. Words are found as they are written, without endings taken off.";
    const count = n > hits.length ? `The ${hits.length} best of ${n} sections.` : n === 1 ? "One section." : `${n} sections.`;
    return [count, ...notes].join(" ");
  }

  function optionOf({ section }, number, { idf, phrases }) {
    const above = section.path.slice(0, -1).join(" › ");
    const lines = ours.passageOf(section, idf, phrases).map(({ isCode, parts }) =>
      element(
        isCode ? "code" : "span",
        {},
        ...parts.map(({ text, isMarked }) => (isMarked ? element("mark", {}, text) : text)),
      ),
    );
    return element(
      "a",
      { role: "option", id: `site-search-hit-${number}`, href: addressOf(section), tabindex: "-1" },
      element("strong", {}, section.path.at(-1)),
      element("small", {}, above),
      element("span", { class: "site-search__passage" }, ...lines),
    );
  }

  /** Return where a section stands; a browser shows a folder of files where a server shows a page. */
  function addressOf(section) {
    const address = new URL(section.id, ROOT);
    if (IS_FILE && address.pathname.endsWith("/")) address.pathname += "index.html";
    return address.href;
  }

  /** Read the index. A script, for a page that is opened as a file may read no other file. */
  function read() {
    return new Promise((resolve, reject) => {
      const script = element("script", { src: new URL("search/sections.js", ROOT).href });
      const fail = (why) => reject(new Error(`This site cannot be searched: ${why}`));
      script.addEventListener("error", () => fail("search/sections.js is not there."));
      script.addEventListener("load", () => {
        try {
          ranking = ours.ranking = new ours.Ranking(ours.site);
          resolve();
        } catch (error) {
          fail(error.message);
        }
      });
      document.head.append(script);
    });
  }

  function icon() {
    const holder = document.createElement("span");
    holder.setAttribute("class", "site-search__icon");
    holder.setAttribute("aria-hidden", "true");
    return holder;
  }

  function start() {
    const box = new Box();
    const button = element(
      "button",
      { type: "button", class: "site-search__open", "aria-haspopup": "dialog", "aria-keyshortcuts": "/", "aria-label": "Search" },
      icon(),
      element("span", {}, "Search"),
      element("kbd", {}, "/"),
    );
    button.addEventListener("click", () => box.open());
    document.querySelector(".md-header__inner")?.append(button);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (document.activeElement?.matches(TYPING) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      box.open();
    });
  }

  start();
})(window.siteSearch);
