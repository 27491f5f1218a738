// Practice without a kernel: judges an answer in the page, as autograder/items and attempts.py do.
//
// Every text of a key is HTML already, rendered in Python. UNICODE comes before this file: what
// Python's casefold changes beyond lower case, and the zeros of all scripts.

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "g");
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const NUMERAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;
const OUTCOMES = { right: "Right", wrong: "Not right", partly: "Partly right" };
const UNANSWERED = { fraction: 0, reason: "No answer was recorded.", remarks: [] };

// Texts and numbers, as Python reads and writes them

const strip = (text) => text.replace(ENDS, "");
const fold = (text) => [...text].map((c) => UNICODE.fold[c] ?? c.toLowerCase()).join("");
const compared = (text) => strip(fold(text.normalize("NFKC")).replace(SPACES, " "));
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return mark + text.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}

function asciiDigit(digit) {
  const code = digit.codePointAt(0);
  return String(code - UNICODE.zeros.findLast((zero) => zero <= code));
}

/** The number that a learner typed, with or without the unit; an Error says how one is written. */
function readNumber(typed, unit) {
  if ([...typed].length > 60) throw new Error("a number has at most 60 characters");
  let text = strip(typed).replaceAll("\u2212", "-");
  if (unit && fold(text).endsWith(fold(unit))) {
    text = strip([...text].slice(0, -[...unit].length).join(""));
  }
  text = text.replace(/\p{Nd}/gu, asciiDigit);
  if (!NUMERAL.test(text)) {
    throw new Error(
      `${quoted(typed)} is not a number; write it like 1024, 0.5 or 3e-4 ` +
        "(a point for decimals, nothing between thousands)",
    );
  }
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error("the number is too large to be read");
  return number;
}

/** A number in at most so many digits, as Python's format "g". */
function general(number, digits) {
  if (Object.is(number, -0)) return "-0";
  const [mantissa, power] = number.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return short(number.toFixed(digits - 1 - exponent));
  const sign = exponent < 0 ? "-" : "+";
  return `${short(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Rounded to a thousandth; of two that are as near the even one, as Python does. */
function thousandth(number) {
  const tied = Number.isInteger(number * 16) && (number * 16) % 2 !== 0; // only odd sixteenths are
  if (!tied) return Number(number.toFixed(3));
  const below = Math.floor(number * 1000);
  return (below % 2 === 0 ? below : below + 1) / 1000;
}

// One judge for each type: the fraction, the reason and the remarks

/** `early` is what is said while the learner still tries; null where the part would tell the key. */
const remark = (part, right, text, early = "") => ({ part, right, text, early });
const isOpen = {
  single_choice: () => false,
  multiple_select: ({ picks }) => picks.length === 0,
  matching: ({ pairs }) => Object.keys(pairs).length === 0,
  ordering: ({ order }) => order.length === 0,
  numeric: ({ value }) => strip(value) === "",
  cloze: ({ blanks }) => Object.values(blanks).every((given) => strip(given) === ""),
};

const judges = {
  single_choice({ options }, { choice }) {
    const picked = options.find(({ id }) => id === choice);
    const remarks = [remark(picked.text, picked.correct, picked.feedback, picked.feedback)];
    if (picked.correct) return { fraction: 1, reason: "Right.", remarks };
    const right = options.find(({ correct }) => correct);
    remarks.push(remark(`Best answer: ${right.text}`, null, right.feedback));
    return { fraction: 0, reason: "Another option is the best answer.", remarks };
  },

  multiple_select({ options, scoring }, { picks }) {
    const keyed = options.filter(({ correct }) => correct);
    const right = keyed.filter(({ id }) => picks.includes(id)).length;
    const wrong = picks.length - right;
    const fraction =
      scoring === "net"
        ? Math.max(0, (right - wrong) / keyed.length)
        : Number(right === keyed.length && wrong === 0);
    const remarks = options
      .filter(({ id, correct }) => correct || picks.includes(id))
      .map(({ id, text, correct, feedback }) =>
        picks.includes(id)
          ? remark(text, correct, feedback, feedback)
          : remark(`(not picked) ${text}`, false, feedback, null),
      );
    const reason = `${right} of the ${keyed.length} options that apply, and ${wrong} that do not.`;
    return { fraction, reason, remarks };
  },

  matching({ prompts, options }, { pairs }) {
    const remarks = prompts.map(({ id, text, match, feedback, wrong }) => {
      const picked = pairs[id];
      if (picked === match) return remark(`${text} — ${options[picked]}`, true, feedback);
      const best = `Best: ${options[match]}. ${feedback}`;
      if (picked === undefined) return remark(`${text} — (left open)`, false, best);
      const own = wrong[picked];
      return remark(`${text} — ${options[picked]}`, false, own ? `${own} ${best}` : best, own ?? "");
    });
    const right = remarks.filter((one) => one.right).length;
    const reason = `${right} of ${prompts.length} pairs are right.`;
    return { fraction: right / prompts.length, reason, remarks };
  },

  ordering({ steps }, { order }) {
    const byId = new Map(steps.map((step) => [step.id, step]));
    const needed = steps.filter(({ belongs }) => belongs);
    const before = predecessors(steps);
    const spare = order.filter((id) => !byId.get(id).belongs);
    const missing = needed.filter(({ id }) => !order.includes(id));
    const moved = fewestMoves(order.filter((id) => !spare.includes(id)), before);
    const moves = spare.length + missing.length + moved.size;
    const remarks = order.map((id) => {
      const { text, feedback, belongs } = byId.get(id);
      if (!belongs) return remark(`(does not belong) ${text}`, false, feedback, feedback);
      return moved.has(id) ? remark(`(misplaced) ${text}`, false, feedback) : remark(text, true, feedback);
    });
    remarks.push(
      ...missing.map(({ text, feedback }) => remark(`(left out) ${text}`, false, feedback, null)),
    );
    if (moves > 0) {
      const valid = validOrder(needed, before).map(({ text }) => text);
      remarks.push(remark("One valid order", null, valid.join(" → ")));
    }
    const reason =
      moves > 0 ? `${moves} step${moves === 1 ? "" : "s"} away from a valid order.` : "A valid order.";
    return { fraction: Math.max(0, 1 - moves / (needed.length - 1)), reason, remarks };
  },

  numeric(key, { value }) {
    const [fraction, said] = judgeNumber(key, readNumber(value, key.unit));
    const slipped = fraction > 0 ? "A known slip: part of the points." : "Not the right value.";
    return { fraction, reason: said.right ? "Right." : slipped, remarks: [said] };
  },

  cloze({ blanks }, response) {
    let earned = 0;
    const remarks = blanks.map((blank, index) => {
      const given = response.blanks[blank.id] ?? "";
      const name = `Blank ${index + 1}`;
      if (strip(given) === "") return remark(`${name} (left open)`, false, solution(blank));
      const [fraction, said] = judgesOfBlanks[blank.kind](blank, given);
      earned += fraction;
      return { ...said, part: `${name}: ${said.part}` };
    });
    const right = remarks.filter((one) => one.right).length;
    const reason = `${right} of ${blanks.length} blanks are right.`;
    return { fraction: earned / blanks.length, reason, remarks };
  },
};

const judgesOfBlanks = {
  choice(blank, given) {
    const { text, correct, feedback } = blank.options.find(({ id }) => id === given);
    if (correct) return [1, remark(text, true, feedback)];
    return [0, remark(text, false, `${feedback} ${solution(blank)}`, feedback)];
  },
  text(blank, given) {
    const shown = escaped(given);
    if (blank.accept.includes(compared(given))) return [1, remark(shown, true, blank.feedback)];
    const own = blank.wrong.find(({ text }) => text === compared(given))?.feedback;
    if (own) return [0, remark(shown, false, `${own} ${solution(blank)}`, own)];
    return [0, remark(shown, false, solution(blank))];
  },
  number: (blank, given) => judgeNumber(blank, readNumber(given, blank.unit)),
};

/** What is right in a blank, and why. */
function solution(blank) {
  if (blank.kind === "number") return `Right: ${withUnit(blank, blank.answer)}. ${blank.feedback}`;
  if (blank.kind === "text") return `Right: ${blank.first}. ${blank.feedback}`;
  const { text, feedback } = blank.options.find(({ correct }) => correct);
  return `Best: ${text}. ${feedback}`;
}

function withUnit({ unit_shown: unit }, value) {
  return unit ? `${general(value, 10)} ${unit}` : general(value, 10);
}

/** The fraction that a value earns, and the remark on it. */
function judgeNumber(key, value) {
  const shown = withUnit(key, value);
  if (admits(key, value, key.answer)) return [1, remark(shown, true, key.feedback)];
  const best = `Right: ${withUnit(key, key.answer)}. ${key.feedback}`;
  const nearest = key.slips.toSorted((a, b) => Math.abs(value - a.value) - Math.abs(value - b.value));
  const slip = nearest.find((one) => admits(key, value, one.value));
  if (!slip) return [0, remark(shown, false, best)];
  return [slip.fraction, remark(shown, false, `${slip.feedback} ${best}`, slip.feedback)];
}

function admits({ absolute, relative }, value, answer) {
  const allowed = Math.max(absolute, relative * Math.abs(answer));
  return Math.abs(value - answer) <= allowed * (1 + 1e-9) + 1e-12 * Math.abs(answer);
}

/** For each step, all steps that must come before it, directly or through others. */
function predecessors(steps) {
  const direct = new Map(steps.map(({ id, after }) => [id, after]));
  const all = (id, found) => {
    for (const earlier of direct.get(id)) if (!found.has(earlier)) all(earlier, found.add(earlier));
    return found;
  };
  return new Map(steps.map(({ id }) => [id, all(id, new Set())]));
}

/** The steps that belong, in a valid order as close to the author's as can be. */
function validOrder(needed, before) {
  const left = [...needed];
  const order = [];
  while (left.length > 0) {
    const done = new Set(order.map(({ id }) => id));
    const next = left.findIndex(({ id }) => [...before.get(id)].every((earlier) => done.has(earlier)));
    order.push(...left.splice(next, 1));
  }
  return order;
}

/**
 * A smallest set of steps to take out so that the rest conflicts nowhere.
 *
 * Kőnig's vertex cover: what it holds does not depend on which largest matching was found.
 */
function fewestMoves(order, before) {
  const later = new Map(
    order.map((a, place) => [a, order.slice(place + 1).filter((b) => before.get(a).has(b))]),
  );
  const partner = new Map(); // of a second, its first
  const augment = (first, seen) =>
    later.get(first).some((second) => {
      if (seen.has(second)) return false;
      seen.add(second);
      if (partner.has(second) && !augment(partner.get(second), seen)) return false;
      partner.set(second, first);
      return true;
    });
  for (const first of order) augment(first, new Set());

  const matched = new Set(partner.values());
  const firsts = new Set();
  const seconds = new Set();
  const reach = (first) => {
    if (firsts.has(first)) return;
    firsts.add(first);
    for (const second of later.get(first)) {
      seconds.add(second);
      if (partner.has(second)) reach(partner.get(second));
    }
  };
  for (const first of order) if (!matched.has(first)) reach(first);
  return new Set(order.filter((id) => seconds.has(id) || !firsts.has(id)));
}

/** An Error says what in a response cannot be read. Views give nothing else that is unreadable. */
function requireReadable({ type, unit, blanks }, response) {
  if (type === "numeric" && strip(response.value) !== "") readNumber(response.value, unit);
  if (type !== "cloze") return;
  for (const [name, given] of Object.entries(response.blanks)) {
    const blank = blanks.find(({ id }) => id === name);
    try {
      if (blank.kind === "number" && strip(given) !== "") readNumber(given, blank.unit);
      if (blank.kind === "text" && [...given].length > 200) {
        throw new Error("a word has at most 200 characters");
      }
    } catch (error) {
      throw new Error(`blank ${quoted(name)}: ${error.message}`);
    }
  }
}

// An attempt, as attempts.py has it, and what the page shows of it, as widgets.py says

const MARKS = new Map([
  [true, "✓ right:"],
  [false, "✗ not right:"],
  [null, "→"],
]);

class Attempt {
  #further = [];

  /** `draw(count)` picks one of so many variants. */
  constructor(variants, draw = (count) => Math.floor(Math.random() * count)) {
    this.variants = variants;
    this.draw = draw;
    this.#begin(variants[draw(variants.length)]);
  }

  #begin(variant) {
    this.variant = variant;
    this.response = null;
    this.score = null;
    this.checks = 0;
    this.hints = [];
    this.givenUp = false;
    this.#further = [...variant.hints];
  }

  /** Begin again, with another variant than before where there is one. */
  again() {
    const others = this.variants.filter((one) => one !== this.variant);
    const drawn = others.length > 0 ? others : this.variants;
    this.#begin(drawn[this.draw(drawn.length)]);
  }

  /** Take another answer, or null; what was said of the one before no longer holds. */
  respond(response) {
    if (response !== null) requireReadable(this.variant.view, response);
    this.response = response;
    this.score = null;
  }

  check() {
    const { response, variant } = this;
    const { type } = variant.view;
    this.checks += 1;
    if (type === "case_study") this.score = variant.key[response === null ? "shown" : "judged"];
    else if (response === null || isOpen[type](response)) this.score = UNANSWERED;
    else this.score = judges[type](variant.key, response);
  }

  giveUp() {
    this.givenUp = true;
    if (!this.score) this.check();
  }

  hint() {
    if (this.#further.length > 0) this.hints.push(this.#further.shift());
  }

  /** Whether the key may be shown: the learner solved it, gave up, or is to judge it. */
  get tellsKey() {
    return this.givenUp || this.score?.fraction === 1;
  }

  /** What the page shows: the values of the model of its view. */
  state() {
    const { response, variant, variants, hints, checks } = this;
    const answered = response !== null;
    return {
      view: variant.view,
      response,
      record: answered ? { response } : {},
      status: { state: answered ? "saved" : "open", message: "" },
      practice: {
        hints: [...hints],
        more: this.#further.length > 0,
        another: variants.length > 1,
        checks,
        verdict: this.score ? this.#verdict() : {},
      },
    };
  }

  #verdict() {
    const { response, score } = this;
    if (score.html) return { response, ...score }; // a case study: nothing of it depends on the answer
    const [outcome, words] = this.#outcome();
    return { response, outcome, words, html: this.#html(), guesses: "", rubric: [] };
  }

  #outcome() {
    if (this.response === null) return ["yours", "The answer"];
    const { fraction } = this.score;
    const { points: whole } = this.variant.view;
    const outcome = fraction === 1 ? "right" : fraction === 0 ? "wrong" : "partly";
    const points = general(thousandth(fraction * whole), 6);
    return [outcome, `${OUTCOMES[outcome]}: ${points} of ${general(whole, 6)} points`];
  }

  #html() {
    const reason = this.response === null ? "" : `<p>${this.score.reason}</p>`;
    const items = this.#remarks().map(
      ({ part, right, text }) =>
        `<li>${MARKS.get(right)} <strong>${part}</strong>${text && `<br>${text}`}</li>`,
    );
    const list = items.length > 0 ? `<ul>${items.join("")}</ul>` : "";
    const explanation = this.tellsKey ? this.variant.explanation : "";
    return `<div class="autograder-result">${reason}${list}${explanation}</div>`;
  }

  /** What is said of the parts of the answer; nothing of the key while it is withheld. */
  #remarks() {
    const { remarks } = this.score;
    if (this.tellsKey) return remarks;
    const wrong = remarks.filter(({ right, early }) => right === false && early !== null);
    return [
      ...remarks.filter(({ right }) => right),
      ...wrong.map((one) => ({ ...one, text: one.early })),
    ];
  }
}
