// One answer after the other; what is chosen is kept here until it is saved.

const $ = (id) => document.getElementById(id);
const drafts = new Map();
let work;
let place = 0;

const current = () => work.answers[place];
const paper = () => work.papers[current().variant];
const number = (points) => `${Number(points.toFixed(3))}`;
const withUnit = (points) => `${number(points)} ${points === 1 ? "point" : "points"}`;

function made(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function draft(answer = current()) {
  if (!drafts.has(answer.id)) {
    const { levels = {}, comment = "" } = answer.mark ?? {};
    drafts.set(answer.id, { levels: { ...levels }, comment, changed: false });
  }
  return drafts.get(answer.id);
}

function say(text, kind = "") {
  $("said").textContent = text;
  $("said").className = kind;
}

function total() {
  const chosen = draft().levels;
  const points = paper().criteria.map((one) => one.levels[chosen[one.id]]?.points);
  const isWhole = points.every((one) => one !== undefined);
  return { points: points.reduce((sum, one) => sum + (one ?? 0), 0), isWhole };
}

function level(criterion, one, rank) {
  const input = made("input", {
    type: "radio",
    name: criterion.id,
    value: String(rank),
    checked: draft().levels[criterion.id] === rank,
  });
  input.addEventListener("change", () => choose(criterion.id, rank));
  const text = made("span", { innerHTML: one.text });
  const label = made("label", { className: "level" }, input);
  label.append(made("span", { className: "points", textContent: withUnit(one.points) }), text);
  const by = current().others.filter((other) => other.levels[criterion.id] === rank);
  if (by.length) {
    const names = by.map((other) => other.grader).join(" and ");
    label.append(made("span", { className: "by", textContent: `chosen by ${names}` }));
  }
  return label;
}

function choose(criterion, rank) {
  draft().levels[criterion] = rank;
  draft().changed = true;
  showTotal();
}

function criterion(one) {
  const best = Math.max(...one.levels.map((level) => level.points));
  const legend = made("legend", { innerHTML: one.name });
  legend.append(` (${withUnit(best)})`);
  const fields = made("fieldset", {}, legend, ...one.levels.map((each, i) => level(one, each, i)));
  fields.addEventListener("keydown", (event) => {
    const rank = Number(event.key) - 1;
    if (event.ctrlKey || event.altKey || event.metaKey || !one.levels[rank]) return;
    event.preventDefault();
    fields.querySelectorAll("input")[rank].click();
    const next = fields.nextElementSibling;
    if (next) focusOn(next);
    else $("comment").focus();
  });
  return fields;
}

function focusOn(fields, options) {
  (fields.querySelector("input:checked") ?? fields.querySelector("input")).focus(options);
}

// The answer stays in sight, from its beginning.
const focusOnRubric = () => focusOn($("criteria").firstElementChild, { preventScroll: true });

function showTotal() {
  const { points, isWhole } = total();
  const sum = `${number(points)} of ${withUnit(paper().points)}`;
  $("total").textContent = isWhole ? sum : `${sum} so far`;
  const held = current().score;
  const replaces = held !== null && work.role !== "second";
  $("save").textContent = replaces
    ? `Replace ${number(held)} by ${withUnit(points)} and go on`
    : `Save ${withUnit(points)} and go on`;
}

function standing() {
  const { score, comment, waits, mark, others } = current();
  const talk = others
    .filter((one) => one.comment)
    .map((one) => `${one.grader} commented: ${one.comment}`);
  if (mark) return [`Marked by ${mark.grader}, ${mark.time}.`, ...talk].join("\n");
  if (score === null) return [...(comment ? [`Comment so far: ${comment}`] : []), ...talk].join("\n");
  const why = waits
    ? "The answer changed since it was marked. It had"
    : others.length ? "The gradebook holds" : "The gradebook holds a score from elsewhere:";
  const said = comment && !others.length ? `\n${comment}` : "";
  return [`${why} ${withUnit(score)}.${said}`, ...talk].join("\n");
}

function showPieces() {
  $("used").hidden = !work.pieces.length;
  $("pieces").replaceChildren(...work.pieces.map((piece) => {
    const button = made("button", { type: "button", textContent: piece });
    button.addEventListener("click", () => {
      const text = $("comment").value.trimEnd();
      $("comment").value = text ? `${text}\n${piece}` : piece;
      keepComment();
      $("comment").focus();
    });
    return made("li", {}, button);
  }));
}

function keepComment() {
  draft().comment = $("comment").value;
  draft().changed = true;
}

function state(answer) {
  if (drafts.get(answer.id)?.changed) return "not saved";
  if (!answer.done) return "to mark";
  const points = answer.mark?.points ?? answer.score;
  return withUnit(points);
}

function showProgress() {
  const done = work.answers.filter((answer) => answer.done).length;
  $("bar").max = work.answers.length;
  $("bar").value = done;
  $("count").textContent = `${done} of ${work.answers.length} marked`;
  $("list").replaceChildren(...work.answers.map((answer, i) => made("option", {
    value: String(i),
    textContent: `${i + 1} (${answer.code}): ${state(answer)}`,
    selected: i === place,
  })));
}

function show(to) {
  place = to;
  const answer = current();
  const { title, stem, model, samples, criteria } = paper();
  $("title").innerHTML = title;
  $("stem").innerHTML = stem;
  $("key").innerHTML = model + samples;
  $("which").textContent =
    `Answer ${place + 1} of ${work.answers.length} (${answer.code}), ${answer.words} words`;
  $("text").textContent = answer.text || "(no answer)";
  $("standing").textContent = standing();
  $("criteria").replaceChildren(...criteria.map(criterion));
  $("comment").value = draft().comment;
  $("previous").disabled = place === 0;
  $("next").disabled = place === work.answers.length - 1;
  showTotal();
  showPieces();
  showProgress();
}

function go(to, { focus = false } = {}) {
  say("");
  show(to);
  window.scrollTo({ top: 0 });
  if (focus) $("which").focus();
}

function nextOpen() {
  const { length } = work.answers;
  for (let step = 1; step <= length; step += 1) {
    const to = (place + step) % length;
    if (!work.answers[to].done) return to;
  }
  return null;
}

async function save() {
  const answer = current();
  const { levels, comment } = draft();
  const missing = paper().criteria.findIndex((one) => levels[one.id] === undefined);
  if (missing >= 0) {
    say("Not saved: choose a level for each criterion.", "bad");
    focusOn($("criteria").children[missing]);
    return;
  }
  const seen = { score: answer.score, comment: answer.comment };
  const body = JSON.stringify({ answer: answer.id, levels, comment, seen });
  $("save").disabled = true;
  try {
    const response = await fetch("marks", { method: "POST", body });
    const reply = await response.json();
    if (!response.ok) throw new Error(reply.error);
    work.answers[work.answers.indexOf(answer)] = reply.answer;
    work.pieces = reply.pieces;
    drafts.delete(answer.id);
    const said = `Saved: ${withUnit(reply.answer.mark.points)} for ${answer.code}.`;
    const next = nextOpen();
    show(next ?? place);
    window.scrollTo({ top: 0 });
    say(next === null ? `${said} All are marked.` : said, "good");
    if (next === null) $("save").focus();
    else focusOnRubric();
  } catch (error) {
    const why = error instanceof TypeError ? "the program that serves this page has ended" : error.message;
    say(`Not saved: ${why}. Your choice stays here; reload the page to see what is stored.`, "bad");
  } finally {
    $("save").disabled = false;
  }
}

const ROLES = {
  first: "Marks go into the gradebook at once.",
  second: "Second marking: the first marks are hidden, and yours are kept apart from the gradebook.",
  settled: "To settle: two graders differ here. What you save goes into the gradebook.",
};

async function start() {
  const response = await fetch("work");
  const reply = await response.json();
  if (!response.ok) {
    document.querySelector("main").replaceChildren(made("p", { textContent: reply.error }));
    return;
  }
  work = reply;
  $("about").textContent = `${work.quiz}. Grader: ${work.grader}. ${ROLES[work.role]}`;
  const first = work.answers.findIndex((answer) => !answer.done);
  show(Math.max(first, 0));
  focusOnRubric();
}

$("previous").addEventListener("click", () => go(place - 1, { focus: true }));
$("next").addEventListener("click", () => go(place + 1, { focus: true }));
$("open").addEventListener("click", () => {
  const next = nextOpen();
  if (next === null) say("All are marked.", "good");
  else go(next, { focus: true });
});
$("list").addEventListener("change", () => go(Number($("list").value)));
$("comment").addEventListener("input", keepComment);
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || $("save").disabled) return;
  event.preventDefault();
  save();
});
window.addEventListener("beforeunload", (event) => {
  if ([...drafts.values()].some((one) => one.changed)) event.preventDefault();
});
start();
