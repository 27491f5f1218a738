const ROW_STATES = {
  answered: ["saved", "Answered"],
  partly: ["partly", "Partly answered"],
  open: ["open", "Not answered"],
  failed: ["failed", "Not saved"],
};
const ROW_ICONS = { saved: "✓", partly: "◐", open: "○", failed: "!" };

function receiptRow({ title, points, state, time }) {
  const [look, words] = ROW_STATES[state] ?? ROW_STATES.open;
  const pill = make(
    "span",
    { class: "ag-pill", "data-state": look },
    make("span", { class: "ag-icon", "aria-hidden": "true", text: ROW_ICONS[look] }),
    make("span", { text: words }),
  );
  return make(
    "tr",
    {},
    make("th", { scope: "row", text: title }),
    make("td", { class: "ag-number", text: points }),
    make("td", {}, pill),
    make("td", { class: "ag-number", text: state !== "open" && time ? clock(time) : "–" }),
  );
}

function answers(number) {
  return number === 1 ? "This 1 answer is" : `These ${number} answers are`;
}

function receipt({ model, el }) {
  const file = NotebookFile.of(model);
  const titleId = uniqueId();
  const table = make("table", { class: "ag-table", "aria-labelledby": titleId });
  const summary = make("span", { class: "ag-points" });
  const words = make("p", { class: "ag-stored", role: "status" });
  const notes = make("div", { role: "status" });
  const digest = make("code", { class: "ag-digest" });
  const download = make("button", {
    type: "button",
    class: "ag-button",
    text: "Download receipt",
    onclick: save,
  });
  const root = make(
    "div",
    { class: "ag", role: "group", "data-receipt": true, "aria-labelledby": titleId },
    make(
      "div",
      { class: "ag-head" },
      make("span", { class: "ag-title", id: titleId, text: "Your answers" }),
      summary,
    ),
    table,
    notes,
    words,
    make(
      "p",
      { class: "ag-hint" },
      "Digest of these answers and their times: ",
      digest,
      ". Keep the receipt: with it your instructor can tell whether what arrived is what you had recorded.",
    ),
    make("div", { class: "ag-buttons" }, download),
  );

  function save() {
    const url = URL.createObjectURL(new Blob([model.get("document")], { type: "application/json" }));
    const link = make("a", { href: url, download: `${model.get("quiz")}.receipt.json` });
    document.body.append(link);
    link.click();
    link.remove();
    URL.revokeObjectURL(url);
  }

  function store(delay) {
    file?.keep(model.get("quiz"), Object.values(model.get("records")), delay);
  }

  function show() {
    const rows = model.get("rows");
    const done = rows.filter((row) => row.state === "answered").length;
    summary.textContent = `${done} of ${rows.length} answered`;
    const names = ["Question", "Points", "State", "Recorded"];
    const columns = names.map((text) => make("th", { scope: "col", text }));
    table.replaceChildren(
      make("thead", {}, make("tr", {}, ...columns)),
      make("tbody", {}, ...rows.map(receiptRow)),
    );
    showNotes(notes, model);
    digest.textContent = model.get("digest").replace(/(.{8})(?=.)/g, "$1 ");
    showStored();
  }

  function showStored() {
    words.textContent = stored();
  }

  function stored() {
    const quiz = model.get("quiz");
    if (!file) return `Keep the file ${quiz}.answers.jsonl with the notebook.`;
    const held = file.records(quiz);
    const number = Object.values(held).filter((record) => record?.response != null).length;
    if (file.problem) {
      return (
        `${answers(number)} not stored in this notebook file yet: ${file.problem}. Save the ` +
        `notebook yourself (File, Save), or hand in ${quiz}.answers.jsonl with it.`
      );
    }
    if (number === 0) return "There are no answers in this notebook file.";
    return file.stored
      ? `${answers(number)} stored in this notebook file.`
      : `${answers(number)} being stored in this notebook file…`;
  }

  model.on("change:records", () => store(OTHERS_SAVE_DELAY)); // the question's own view is quicker
  for (const name of ["rows", "notes", "digest"]) model.on(`change:${name}`, show);
  file?.listeners.add(showStored);
  file?.keepsFor(model);
  store();
  show();
  el.classList.add("ag-output");
  el.append(root);
  return () => file?.listeners.delete(showStored);
}

export default { render: receipt };
