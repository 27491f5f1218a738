// As MARK in session.py: the line that says what a cell answers, and the code below it.
const MARK = /^(?:[ \t]*\r?\n)*#[ \t]*answer:[ \t]*([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\w-])[^\n]*(?:\n|$)/;
const CHANGE_DELAY = 150;
const CHECK_DELAY = 4000;
const CHANGED = "The cell was changed after it was recorded: run it again.";
const NOT_RUN = "The code in the cell is not recorded yet: run the cell.";
const MARKS = {
  open: ["○", "not run"],
  failed: ["✗", "failed"],
  value: ["→", "ran"],
};

function code(frame) {
  const { id, checks, starter } = frame.view;
  const { model } = frame;
  const notebook = frame.file?.context.model;
  const state = make("p", { class: "ag-code-state" });
  const list = make("ul", { class: "ag-checks", role: "list", "aria-label": "Visible checks" });
  const said = make("p", { class: "ag-hint", role: "status" });
  let changeTimer = null;
  let checkTimer = null;

  function cellChanged() {
    clearTimeout(changeTimer);
    changeTimer = setTimeout(() => frame.refresh(), CHANGE_DELAY);
  }

  /** The cells that answer this question, and what stands below the mark; null outside Jupyter. */
  function workplaces() {
    if (!notebook) return null;
    const found = [];
    for (const cell of notebook.cells) {
      const source = cell.type === "code" ? cell.sharedModel.getSource() : "";
      const mark = MARK.exec(source);
      if (mark?.[1] === id) found.push({ cell, code: source.slice(mark[0].length) });
    }
    return found;
  }

  /** The editor of the cell that answers this question. */
  function editor() {
    const text = (one) => [...one.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n");
    const editors = [...document.querySelectorAll(".jp-CodeCell .cm-content")];
    return editors.find((one) => MARK.exec(text(one))?.[1] === id);
  }

  function advice(pill) {
    const cells = workplaces()?.map(({ code }) => code) ?? null;
    if (pill === "failed" || cells === null) return "";
    if (cells.length === 0) {
      return `No cell begins with the line “# answer: ${id}”. Put it back at the top of your cell.`;
    }
    const recorded = model.get("record")?.response?.source;
    if (recorded != null) return cells.some((cell) => same(cell, recorded)) ? "" : CHANGED;
    return cells.every((cell) => !cell.trim() || same(cell, starter)) ? "" : NOT_RUN;
  }

  function runChecks() {
    if (!frame.connection.alive) {
      said.textContent = "The checks did not run: the kernel does not answer.";
      return;
    }
    said.textContent = "Running the checks…";
    model.send({ kind: "run-checks" });
    clearTimeout(checkTimer);
    checkTimer = setTimeout(() => {
      said.textContent = "The checks still run, or wait for a cell that runs.";
    }, CHECK_DELAY);
  }

  function received(message) {
    if (message?.kind !== "check-results") return;
    clearTimeout(checkTimer);
    const { problem, results } = message;
    if (problem) {
      list.replaceChildren(...checks.map(({ name }) => checkRow({ name, outcome: "open" })));
      said.textContent = `The checks did not run. ${problem}`;
      return;
    }
    list.replaceChildren(...results.map(checkRow));
    const wrong = results.filter(({ outcome }) => outcome === "failed").length;
    const ran = `${results.length} ${results.length === 1 ? "check" : "checks"} run at ${clock(new Date())}`;
    const compare = results.some(({ outcome }) => outcome === "value");
    said.textContent =
      (wrong > 0 ? `${ran}: ${wrong} failed.` : `${ran}.`) +
      (compare ? " Compare each value (→) with the task." : "");
  }

  frame.body.append(
    make(
      "p",
      { class: "ag-how" },
      "Write your code in the cell that begins with ",
      make("code", { text: `# answer: ${id}` }),
      " and run that cell. Running it records it.",
    ),
    state,
  );
  if (notebook) {
    frame.buttons.append(
      make("button", {
        type: "button",
        class: "ag-button",
        text: "Go to the cell",
        onclick: () => {
          const [first] = workplaces();
          if (!first) return;
          scrollToCell(model, first.cell);
          focusSoon(editor);
        },
      }),
    );
  }
  if (checks.length > 0) {
    list.append(...checks.map(({ name }) => checkRow({ name, outcome: "open" })));
    frame.body.append(
      make("p", { class: "ag-label", text: "Visible checks" }),
      make("div", { "aria-live": "polite" }, list),
      said,
    );
    frame.buttons.append(
      make("button", {
        type: "button",
        class: "ag-button",
        text: "Run the visible checks",
        onclick: runChecks,
      }),
    );
  }
  notebook?.contentChanged.connect(cellChanged);
  model.on("msg:custom", received);
  return {
    advice,
    close() {
      clearTimeout(changeTimer);
      clearTimeout(checkTimer);
      notebook?.contentChanged.disconnect(cellChanged);
      model.off("msg:custom", received);
    },
    show(response) {
      const number = lines(response?.source ?? "").length;
      state.hidden = response == null;
      state.textContent = `Recorded: ${number} ${number === 1 ? "line" : "lines"} of code.`;
    },
  };
}

function checkRow({ name, outcome, detail = "" }) {
  const [mark, words] = MARKS[outcome] ?? MARKS.open;
  return make(
    "li",
    { class: "ag-check", "data-outcome": outcome },
    make("span", { class: "ag-icon", "aria-hidden": "true", text: mark }),
    make(
      "span",
      { class: "ag-text" },
      name,
      make("span", { class: "ag-unseen", text: ` (${words})` }),
      detail ? make("code", { class: "ag-detail", text: detail }) : "",
    ),
  );
}

function lines(source) {
  return source.trim() ? source.replace(/^\s*\n/, "").trimEnd().split("\n") : [];
}

function same(source, other) {
  return source.trim() === other.trim();
}

export default itemView(code, { answeredInCell: true });
