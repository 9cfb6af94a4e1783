// Which sections are the best for a query? What `colmodern search --mode bm25` would answer, bit for
// bit: colmodern/searcher/bm25.py with the phrases of colmodern/searcher/phrases.py. A test compares
// the two.
"use strict";
(function (ours) {
  const { folded, holds, namesOf, phrasesOf, runsOf, wordsOf } = ours;
  const single = Math.fround; // each operation is rounded to float32 for itself
  const MOST_OF_A_NAME = 20;
  const MOST_OF_A_NAME_SHARE = 10;

  /** The sections of a site and their words. */
  class Ranking {
    /** Count the words of all sections.
     *
     * @param {object} site - What tools/site/sections.py wrote: analysis, k1, b, and pages.
     */
    constructor(site) {
      if (site.analysis !== ours.ANALYSIS) {
        throw new Error(`The index has words of ${site.analysis}, the script knows ${ours.ANALYSIS}.`);
      }
      this.sections = site.pages.flatMap(sectionsOf);
      this.postings = new Map(); // of a word: the numbers of sections, and how often each has it
      const lengths = this.sections.map((section, number) => this.count(section, number));
      const mean = lengths.reduce((a, b) => a + b, 0) / Math.max(1, lengths.length) || 1;
      const ofLength = site.b / mean;
      this.saturations = lengths.map((length) => single(site.k1 * (1 - site.b + ofLength * length)));
    }

    /** Return the best sections of a query, how many there are, and what it was read as.
     *
     * @param {string} query - What is asked.
     * @param {number} n - How many at most.
     */
    search(query, n) {
      const times = countsOf(wordsOf(query));
      const idf = new Map([...times.keys()].map((word) => [word, this.idf(word)]));
      const highest = [...times].reduce((sum, [word, count]) => sum + count * idf.get(word), 0);
      const scores = this.scores(times, idf);
      const { phrases, counts, quoted } = this.held(query);
      const found = [];
      for (let number = 0; number < scores.length; number++) {
        if (!(scores[number] > 0) && !counts[number]) continue;
        const bonus = single(counts[number] * highest);
        found.push({ number, score: phrases.length ? single(scores[number] + bonus) : scores[number] });
      }
      found.sort((a, b) => b.score - a.score || (this.sections[a.number].id < this.sections[b.number].id ? -1 : 1));
      return {
        hits: found.slice(0, n).map(({ number, score }) => ({ section: this.sections[number], score })),
        n: found.length,
        idf,
        phrases,
        missing: quoted.filter((phrase) => !this.sections.some((section) => section.holds(phrase))),
      };
    }

    /** Return the commonest word of the index that begins as a word that it does not have; else "". */
    completed(word) {
      if (this.postings.has(word)) return "";
      const known = [...this.postings].filter(([one]) => one.startsWith(word));
      known.sort(([a, x], [b, y]) => y.numbers.length - x.numbers.length || (a < b ? -1 : 1));
      return known.length ? known[0][0] : "";
    }

    count(section, number) {
      const words = wordsOf(`${section.title} ${section.text}`);
      for (const [word, count] of countsOf(words)) {
        let posting = this.postings.get(word);
        if (!posting) this.postings.set(word, (posting = { numbers: [], counts: [] }));
        posting.numbers.push(number);
        posting.counts.push(count);
      }
      return words.length;
    }

    /** Return how much a word of a query says; 0 for one that no section has. */
    idf(word) {
      const n = this.postings.get(word)?.numbers.length ?? 0;
      return n ? Math.log1p((this.sections.length - n + 0.5) / (n + 0.5)) : 0;
    }

    scores(times, idf) {
      const scores = new Float32Array(this.sections.length);
      for (const [word, nTimes] of times) {
        const { numbers, counts } = this.postings.get(word) ?? { numbers: [], counts: [] };
        const weight = single(nTimes * idf.get(word));
        numbers.forEach((number, i) => {
          const share = single(counts[i] / single(counts[i] + this.saturations[number]));
          scores[number] = single(scores[number] + single(weight * share));
        });
      }
      return scores;
    }

    /** Return what decides before any score, and how much of it each section holds. */
    held(query) {
      const quoted = phrasesOf(query);
      const counts = new Uint8Array(this.sections.length);
      if (quoted.length) {
        for (const phrase of quoted) this.holding(phrase).forEach((number) => counts[number]++);
        return { phrases: quoted, counts, quoted };
      }
      const most = Math.max(
        1,
        Math.min(MOST_OF_A_NAME, Math.floor(this.sections.length / MOST_OF_A_NAME_SHARE)),
      );
      for (const [phrases, isCounted] of [[namesOf(query), true], [runsOf(query), false]]) {
        const rare = phrases
          .map((phrase) => [phrase, this.holding(phrase)])
          .filter(([, numbers]) => numbers.length > 0 && numbers.length <= most);
        for (const [, numbers] of rare) {
          numbers.forEach((number) => (counts[number] = isCounted ? counts[number] + 1 : 1));
        }
        if (rare.length) return { phrases: rare.map(([phrase]) => phrase), counts, quoted };
      }
      return { phrases: [], counts, quoted };
    }

    holding(phrase) {
      return this.sections.flatMap((section, number) => (section.holds(phrase) ? [number] : []));
    }
  }

  /** A page from one heading to the next. */
  class Section {
    constructor(id, path, blocks) {
      this.id = id; // where it stands: an address from the root of the site
      this.path = path; // the headings above it, and its own
      this.blocks = blocks; // paragraphs, items and rows; a list of lines is code
      this.title = path.join(" > ");
      this.text = blocks.flat().join("\n");
    }

    /** Say whether its title or its text holds a phrase. */
    holds(phrase) {
      this.plain ??= [folded(this.title), folded(this.text)];
      return this.plain.some((text) => holds(text, phrase));
    }
  }

  /** Return the sections of a page that have a text. */
  function sectionsOf(page) {
    const above = [];
    return page.sections.flatMap(({ anchor, level, heading, blocks }) => {
      above.length = Math.min(above.length, level - 1);
      for (let empty = above.length; empty < level - 1; empty++) above.push("");
      above.push(heading);
      const path = above.filter(Boolean);
      return blocks.length ? [new Section(anchor ? `${page.url}#${anchor}` : page.url, path, blocks)] : [];
    });
  }

  function countsOf(words) {
    const counts = new Map();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  }

  Object.assign(ours, { Ranking });
})(window.siteSearch);
