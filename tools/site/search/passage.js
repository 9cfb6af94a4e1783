// Which part of a section answers a query, and which of its words are those of the query?
"use strict";
(function (ours) {
  const { folded, holds, wordSpans } = ours;
  const WINDOW = 45; // words of a passage, about
  const BETWEEN_SENTENCES = "\t";

  /** Return the passage of a section that has most of a query, as lines of marked parts.
   *
   * Sentences, items, rows and lines of code are shown whole, unless one is longer than a passage.
   * Of those that stand in a row and fit, the ones with the highest BM25 are taken, and before them
   * those that hold a phrase.
   *
   * @param {object} section - From a ranking.
   * @param {Map<string, number>} idf - The words of the query, and how much each says.
   * @param {string[][]} phrases - What is wanted word by word.
   * @returns {{isCode: boolean, parts: {text: string, isMarked: boolean}[]}[]} Lines.
   */
  function passageOf(section, idf, phrases) {
    const pieces = section.blocks.flatMap(piecesOf);
    if (!pieces.length) return [];
    const windows = pieces.map((_, start) => [start, windowEnd(pieces, start)]);
    const lengths = windows.map(([a, b]) => nWords(pieces.slice(a, b)));
    const mean = lengths.reduce((x, y) => x + y, 0) / lengths.length || 1;
    let best = { value: -1 };
    windows.forEach(([a, b], number) => {
      const shown = pieces.slice(a, b);
      const text = folded(shown.map((piece) => piece.text).join("\n"));
      const nHeld = phrases.filter((phrase) => holds(text, phrase)).length;
      const value = bm25(shown, idf, lengths[number] / mean) + nHeld * 1e6;
      if (value > best.value) best = { value, a, b };
    });
    return linesOf(pieces, best.a, best.b, idf);
  }

  /** Return the sentences, rows, items and lines of a block; what is too long in equal parts. */
  function piecesOf(block, number) {
    const isCode = Array.isArray(block);
    const units = isCode ? block : block.split(BETWEEN_SENTENCES);
    return units.flatMap((unit) => {
      const spans = wordSpans(unit);
      const starts = startsOf(spans);
      const n = Math.max(1, Math.min(starts.length, Math.ceil(spans.length / WINDOW)));
      const cuts = Array.from({ length: n }, (_, i) => (i ? starts[Math.floor((i * starts.length) / n)] : 0));
      cuts.push(unit.length);
      return cuts.slice(1).map((end, i) => ({
        text: unit.slice(cuts[i], end),
        block: number,
        words: wordSpans(unit.slice(cuts[i], end)),
        isCode,
        isFirst: i === 0,
        isLast: i === n - 1,
      }));
    });
  }

  /** Return where whole words start, not parts of a name. */
  function startsOf(spans) {
    let endOfLast = 0;
    return spans.flatMap(([, start, end]) => {
      if (start < endOfLast) return [];
      endOfLast = end;
      return [start];
    });
  }

  function windowEnd(pieces, start) {
    let end = start + 1;
    let room = WINDOW - pieces[start].words.length;
    while (end < pieces.length && pieces[end].words.length <= room) room -= pieces[end++].words.length;
    return end;
  }

  function nWords(pieces) {
    return pieces.reduce((sum, piece) => sum + piece.words.length, 0);
  }

  function bm25(pieces, idf, length) {
    const { k1, b } = ours.site;
    const counts = new Map();
    for (const [word] of pieces.flatMap((piece) => piece.words)) {
      if (idf.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const saturation = k1 * (1 - b + b * length);
    return [...counts].reduce((sum, [word, n]) => sum + (idf.get(word) * n) / (n + saturation), 0);
  }

  function linesOf(pieces, a, b, idf) {
    const lines = [];
    pieces.slice(a, b).forEach((piece, i) => {
      const isNew = i === 0 || piece.isCode || piece.block !== pieces[a + i - 1].block;
      if (isNew) lines.push({ isCode: piece.isCode, parts: [] });
      const { parts } = lines.at(-1);
      if (!isNew && piece.isFirst) parts.push({ text: " ", isMarked: false });
      if (i === 0 && !piece.isFirst) parts.push({ text: "… ", isMarked: false });
      parts.push(...marked(piece, idf));
      if (a + i === b - 1 && !piece.isLast) parts.push({ text: " …", isMarked: false });
    });
    return lines;
  }

  /** Return the text of a piece in parts, of which those that are words of the query are marked. */
  function marked(piece, idf) {
    const spans = piece.words.filter(([word]) => idf.get(word) > 0).map(([, start, end]) => [start, end]);
    spans.sort((x, y) => x[0] - y[0] || y[1] - x[1]);
    const parts = [];
    let at = 0;
    for (const [start, end] of spans) {
      if (end <= at) continue; // a part of a word that is marked
      const from = Math.max(at, start);
      parts.push({ text: piece.text.slice(at, from), isMarked: false });
      parts.push({ text: piece.text.slice(from, end), isMarked: true });
      at = end;
    }
    parts.push({ text: piece.text.slice(at), isMarked: false });
    return parts.filter((part) => part.text);
  }

  Object.assign(ours, { passageOf });
})(window.siteSearch);
