// What are the words of a text? As colmodern/text/words.py says it; a test compares the two.
"use strict";
(function (ours) {
  const MOST_CHARACTERS = 64;
  const MARKS =
    "\\u0300-\\u036f\\u0591-\\u05bd\\u064b-\\u065f\\u0670\\u0900-\\u0963\\u0971-\\u0dff" +
    "\\u0e31\\u0e34-\\u0e3a\\u0e47-\\u0e4e\\u0eb1\\u0eb4-\\u0ebc\\u0ec8-\\u0ece" +
    "\\u102b-\\u103e\\u1056-\\u109d\\u17b4-\\u17d3\\u3099\\u309a";
  const UNSEEN = "\\u00ad\\u200b-\\u200d\\u2060\\ufeff";
  const LETTERS = "\\p{L}\\p{N}_"; // \w of Python
  const IDEOGRAPHS =
    "\\u2e80-\\u2fdf\\u3005-\\u3007\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
  const KANA_AND_HANGUL = "\\u3041-\\u30ff\\u31f0-\\u31ff\\u1100-\\u11ff\\u3130-\\u318f\\uac00-\\ud7ff";
  const SOUTHEAST_ASIA = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff";
  const RUN = new RegExp(`[${LETTERS}${MARKS}${UNSEEN}]+`, "gu");
  const WORD = new RegExp(`[${LETTERS}${MARKS}]+`, "gu");
  const ONE_OF_WORD = new RegExp(`^[${LETTERS}${MARKS}]`, "u");
  const INVISIBLE = new RegExp(`[${UNSEEN}]`, "gu");
  const UNSPACED = new RegExp(`[${IDEOGRAPHS}${KANA_AND_HANGUL}${SOUTHEAST_ASIA}]+`, "gu");
  const ONE_UNSPACED = new RegExp(`^[${IDEOGRAPHS}${KANA_AND_HANGUL}${SOUTHEAST_ASIA}]`, "u");
  const ONE_IDEOGRAPH = new RegExp(`^[${IDEOGRAPHS}]`, "u");
  // Decimal digits, and superscripts, circled ones and others that Python takes for digits.
  const DIGITS = new RegExp(
    "^[\\p{Nd}\\u00b2\\u00b3\\u00b9\\u1369-\\u1371\\u19da\\u2070\\u2074-\\u2079\\u2080-\\u2089\\u2460-\\u2468" +
      "\\u2474-\\u247c\\u2488-\\u2490\\u24ea\\u24f5-\\u24fd\\u24ff\\u2776-\\u277e\\u2780-\\u2788\\u278a-\\u2792" +
      "\\u{10a40}-\\u{10a43}\\u{10e60}-\\u{10e68}\\u{11052}-\\u{1105a}\\u{1f100}-\\u{1f10a}]+$",
    "u",
  );
  const ASCII = /^[\x00-\x7f]*$/;

  /** What str.isalpha, isupper and islower of Python say. */
  const isAlpha = (text) => /^\p{L}+$/u.test(text);
  const isUpper = (text) => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
  const isLower = (text) => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
  const isDigit = (text) => DIGITS.test(text);
  const isAlphanumeric = (text) => /^[\p{L}\p{N}]+$/u.test(text);

  /** Return the words of a text with their first character and the one past their last. */
  function wordSpans(text) {
    const found = [];
    for (const run of text.matchAll(RUN)) {
      for (const [word, start, end] of parts(run[0])) {
        found.push([word, run.index + start, run.index + end]);
      }
    }
    return found;
  }

  /** Return the words of a text in their order, repeated ones repeated. */
  function wordsOf(text) {
    return wordSpans(text).map(([word]) => word);
  }

  /** Return a text in lower case, its characters as they are meant: NFKC, none invisible. */
  function folded(text) {
    return (ASCII.test(text) ? text : plain(text)).toLowerCase();
  }

  /** Return the whole words of a folded text. */
  function wordsOfFolded(text) {
    return text.match(WORD) ?? [];
  }

  /** Say whether a text begins with a character of words. */
  function isOfWord(text) {
    return ONE_OF_WORD.test(text);
  }

  /** Say whether the script of a character puts blanks between words. */
  function hasBlanks(character) {
    return !ONE_UNSPACED.test(character);
  }

  function plain(text) {
    return text.replace(INVISIBLE, "").normalize("NFKC");
  }

  function parts(run) {
    if (ASCII.test(run)) return nameParts(run, 0);
    const meant = plain(run);
    const isSame = meant.length === run.length;
    const found = [...meant.matchAll(WORD)].flatMap((word) => scriptParts(word[0], word.index));
    return isSame ? found : found.map(([part]) => [part, 0, run.length]);
  }

  /** Return the parts of a word in which scripts with and without blanks may meet. */
  function scriptParts(word, at) {
    const found = [];
    let end = 0;
    for (const match of word.matchAll(UNSPACED)) {
      if (match.index > end) found.push(...nameParts(word.slice(end, match.index), at + end));
      found.push(...pairs(match[0], at + match.index));
      end = match.index + match[0].length;
    }
    if (end < word.length) found.push(...nameParts(word.slice(end), at + end));
    return found;
  }

  function pairs(run, at) {
    const characters = Array.from(run);
    const found = [];
    let start = at;
    characters.forEach((one, number) => {
      const end = start + one.length;
      if (characters.length === 1 || ONE_IDEOGRAPH.test(one)) found.push([one, start, end]);
      const next = characters[number + 1];
      if (next) found.push([one + next, start, end + next.length]);
      start = end;
    });
    return found;
  }

  /** Return a name in lower case, and its parts if it has several. */
  function nameParts(name, at) {
    const characters = Array.from(name);
    if (characters.length > MOST_CHARACTERS) return [];
    const found = [[name.toLowerCase(), at, at + name.length]];
    const rest = characters.slice(1).join("");
    if (isAlpha(name) && (isLower(name) || isLower(rest) || isUpper(name))) return found;
    const named = [];
    let start = 0;
    for (let i = 1; i <= characters.length; i++) {
      if (i < characters.length && !isCut(characters, i)) continue;
      if (characters[start] !== "_") named.push([start, i]);
      start = i;
    }
    const isWhole = named.length === 1 && named[0][1] - named[0][0] === characters.length;
    if (!named.length || isWhole) return found;
    const offset = (number) => at + characters.slice(0, number).join("").length;
    return found.concat(
      named.map(([a, b]) => [characters.slice(a, b).join("").toLowerCase(), offset(a), offset(b)]),
    );
  }

  /** Say whether a part of a name starts at a character. */
  function isCut(characters, at) {
    const before = characters[at - 1];
    const here = characters[at];
    if (before === "_" || here === "_" || isDigit(before) !== isDigit(here)) {
      return before !== here || here !== "_";
    }
    if (!isUpper(here)) return false;
    const next = characters[at + 1] ?? "";
    // A plural, as IDs, is no name of two parts.
    const isPlural = next === "s" && at + 2 === characters.length;
    return !isUpper(before) || (isLower(next) && !isPlural);
  }

  Object.assign(ours, {
    ANALYSIS: "words/2",
    folded,
    hasBlanks,
    isAlpha,
    isAlphanumeric,
    isDigit,
    isLower,
    isOfWord,
    isUpper,
    wordSpans,
    wordsOf,
    wordsOfFolded,
  });
})((window.siteSearch ??= {}));
