// What must a text hold word by word? Phrases in quotes, names, most of a query; as
// colmodern/text/{phrases,names,runs}.py say it; a test compares them.
"use strict";
(function (ours) {
  const { folded, hasBlanks, isAlpha, isAlphanumeric, isDigit, isLower, isOfWord, isUpper, wordsOfFolded } =
    ours;
  const MOST_PHRASES = 8;
  const MOST_WORDS = 64;
  const LONG_QUERY = 16;
  const CLOSING = { '"': '"', "“": "”", "«": "»", "»": "«" };
  const LOW = "„"; // closed by “ in German, by ” in Polish
  const AROUND = new Set(".,;:!?()[]{}<>'\"`*");
  const BLANKS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u; // of Python
  const LATIN = /\p{Script=Latin}/u;
  const ANOTHER_SCRIPT = /^(?![\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}])\p{L}$/u;
  const RUN_WORDS = [5, 20];
  const RUN_SHARE = 0.6; // of the letters of the query's words

  /** Return the phrases of a query that stand in quotes, none twice. */
  function phrasesOf(query) {
    const characters = Array.from(query);
    const found = [];
    for (let at = 0; at < characters.length; at++) {
      const end = endOfQuotes(characters, at);
      if (!end) continue;
      const words = wordsOfFolded(folded(characters.slice(at + 1, end).join("")));
      if (words.length) found.push(words.slice(0, MOST_WORDS));
      at = end;
    }
    const phrases = distinct(found);
    const nQuoted = phrases.reduce((sum, phrase) => sum + phrase.length, 0);
    const nWords = wordsOfFolded(folded(query)).length;
    const isProse = nQuoted * 3 < nWords && nWords > LONG_QUERY;
    return isProse ? [] : phrases.slice(0, MOST_PHRASES);
  }

  /** Return where quotes end that begin at a character; 0 if none do. */
  function endOfQuotes(characters, at) {
    const mark = characters[at];
    if (!(mark in CLOSING || mark === LOW) || isOfWord(characters[at - 1] ?? "")) return 0;
    const closing = mark === LOW ? ["“", "”"] : [CLOSING[mark]];
    const ends = closing.map((one) => characters.indexOf(one, at + 1)).filter((end) => end > 0);
    const end = ends.length ? Math.min(...ends) : 0;
    return end && isOfWord(characters[end + 1] ?? "") ? 0 : end;
  }

  /** Return the names, numbers and file names of a query, and its words in another script. */
  function namesOf(query) {
    const words = query.split(BLANKS).map(stripped).filter(Boolean);
    const names = words.filter(isName);
    const counted = names.length * 3 < words.length ? [] : names;
    const found = counted.map((name) => wordsOfFolded(folded(name)).slice(0, MOST_WORDS));
    found.push(...wordsInAnotherScript(folded(query)).map((word) => [word]));
    return distinct(found.filter((name) => name.length)).slice(0, MOST_PHRASES);
  }

  /** Return the words in other scripts of a folded query most of whose letters are Latin. */
  function wordsInAnotherScript(text) {
    const letters = text.match(/\p{L}/gu) ?? [];
    if (2 * letters.filter((one) => LATIN.test(one)).length <= letters.length) return [];
    const found = [];
    for (const word of wordsOfFolded(text)) {
      const characters = Array.from(word);
      const places = [...characters.keys()].filter((i) => ANOTHER_SCRIPT.test(characters[i]));
      const nSigns = characters.filter(isAlphanumeric).length;
      if (!places.length || places.length < Math.min(2, nSigns)) continue;
      if (!hasBlanks(characters[places[0]])) {
        let end = places.at(-1) + 1;
        while (end < characters.length && !(characters[end] === "_" || isAlphanumeric(characters[end]))) end++;
        found.push(characters.slice(places[0], end).join(""));
      } else if (places.length > 1) {
        found.push(word);
      }
    }
    return found;
  }

  function stripped(word) {
    let [start, end] = [0, word.length];
    while (start < end && AROUND.has(word[start])) start++;
    while (end > start && AROUND.has(word[end - 1])) end--;
    return word.slice(start, end);
  }

  function isName(word) {
    const characters = Array.from(word);
    if (characters.length < 3 || (isAlpha(word) && isLower(characters.slice(1).join("")))) return false;
    if (isDigit(word)) return true;
    if (isAlphanumeric(word)) {
      const isMixed = !isAlpha(word.replace(/[0-9]+$/, ""));
      return isMixed || characters.some((one, i) => i > 0 && isLower(characters[i - 1]) && isUpper(one));
    }
    const parts = word.replaceAll("::", ".").split(".");
    const isPlain = parts.every((part) => isAlphanumeric(part.replaceAll("_", "")));
    if (parts.length === 1) return isPlain;
    const shortest = Math.min(...parts.map((part) => Array.from(part).length));
    return isPlain && shortest >= 2 && !isDigit(characters[0]);
  }

  /** Return the shortest stretches of a query that are most of it. */
  function runsOf(query) {
    const words = wordsOfFolded(folded(query));
    const [leastWords, mostWords] = RUN_WORDS;
    if (words.length < leastWords || words.length > mostWords) return [];
    if (phrasesOf(query).length || namesOf(query).length) return [];
    const lengths = words.map((word) => Array.from(word).length);
    const least = RUN_SHARE * lengths.reduce((a, b) => a + b, 0);
    const found = [];
    let [end, nLetters] = [0, 0];
    for (let start = 0; start < words.length; start++) {
      while (end < words.length && (nLetters < least || end - start < leastWords)) nLetters += lengths[end++];
      if (nLetters < least || end - start < leastWords) break;
      if (found.length && found.at(-1)[1] === end) found.pop(); // it holds this one
      found.push([start, end]);
      nLetters -= lengths[start];
    }
    return distinct(found.map(([a, b]) => words.slice(a, b))).slice(0, MOST_PHRASES);
  }

  /** Say whether a folded text holds a phrase: its words, whole, side by side. */
  function holds(text, phrase) {
    for (let at = text.indexOf(phrase[0]); at >= 0; at = text.indexOf(phrase[0], at + 1)) {
      if (!isGlued(text, at, phrase[0]) && follows(text, at + phrase[0].length, phrase)) return true;
    }
    return false;
  }

  /** Say whether a word goes on before a character. */
  function isGlued(text, at, word) {
    return hasBlanks(word) && isOfWord(characterBefore(text, at));
  }

  function follows(text, end, phrase) {
    for (const [number, word] of phrase.entries()) {
      const last = Array.from(word).at(-1);
      const next = phrase[number + 1];
      if (next === undefined) return !(hasBlanks(last) && isOfWord(characterAt(text, end)));
      let start = end;
      while (start < text.length && !isOfWord(characterAt(text, start))) start += characterAt(text, start).length;
      if ((start === end && hasBlanks(last)) || !text.startsWith(next, start)) return false;
      end = start + next.length;
    }
    return true;
  }

  function characterAt(text, at) {
    return at < text.length ? String.fromCodePoint(text.codePointAt(at)) : "";
  }

  function characterBefore(text, at) {
    const isPair = at > 1 && text.codePointAt(at - 2) > 0xffff;
    return at > 0 ? text.slice(at - (isPair ? 2 : 1), at) : "";
  }

  function distinct(phrases) {
    return [...new Map(phrases.map((phrase) => [phrase.join(" "), phrase])).values()];
  }

  Object.assign(ours, { holds, namesOf, phrasesOf, runsOf });
})(window.siteSearch);
