const LOOKS = {
  answered: ["✓", "answered"],
  partly: ["◐", "partly answered"],
  open: ["○", "not answered"],
  failed: ["!", "not saved"],
};

function overview({ model, el }) {
  const file = NotebookFile.of(model);
  const titleId = uniqueId();
  const count = make("span", { class: "ag-points", role: "status" });
  const bar = make("progress", { class: "ag-progress", "aria-labelledby": titleId });
  const notes = make("div", { role: "status" });
  const list = make("ol", { class: "ag-places", role: "list", "aria-label": "Questions" });
  const next = make("button", { type: "button", class: "ag-button", onclick: goToNext });
  const root = make(
    "div",
    { class: "ag", role: "group", "data-overview": true, "aria-labelledby": titleId },
    make(
      "div",
      { class: "ag-head" },
      make("span", { class: "ag-title", id: titleId, text: model.get("title") }),
      count,
    ),
    bar,
    notes,
    list,
    make("div", { class: "ag-buttons" }, next),
  );
  const places = new Map(model.get("rows").map((row, index) => [row.id, place(row, index)]));
  list.append(...[...places.values()].map((button) => make("li", {}, button)));

  function place({ id }, index) {
    const button = make("button", { type: "button", class: "ag-jump", onclick: () => jumpTo(model, id) });
    button.append(
      make("span", { class: "ag-icon", "aria-hidden": "true" }),
      make("span", { text: index + 1 }),
      make("span", { class: "ag-flagged", "aria-hidden": "true", text: "⚑" }),
    );
    return button;
  }

  function goToNext() {
    const open = model.get("rows").find((row) => row.state !== "answered");
    if (open) jumpTo(model, open.id);
  }

  function show() {
    const rows = model.get("rows");
    const done = rows.filter(({ state }) => state === "answered").length;
    const flagged = rows.filter(({ id }) => file?.isFlagged(model.get("quiz"), id));
    const marked = flagged.length > 0 ? ` · ${flagged.length} to come back to` : "";
    count.textContent = `${done} of ${rows.length} answered${marked}`;
    showNotes(notes, model);
    bar.max = rows.length;
    bar.value = done;
    const left = rows.length - done;
    next.textContent = left > 0 ? "Go to the next open question" : "All questions are answered";
    next.setAttribute("aria-disabled", String(left === 0));
    for (const [index, { id, title, state }] of rows.entries()) {
      const button = places.get(id);
      const [icon, words] = LOOKS[state] ?? LOOKS.open;
      const isFlagged = flagged.some((row) => row.id === id);
      const label = `${index + 1}. ${title}: ${words}${isFlagged ? ", to come back to" : ""}`;
      button.dataset.progress = state;
      button.title = label;
      button.setAttribute("aria-label", label);
      button.querySelector(".ag-icon").textContent = icon;
      button.querySelector(".ag-flagged").hidden = !isFlagged;
    }
  }

  model.on("change:rows", show);
  model.on("change:notes", show);
  file?.listeners.add(show);
  show();
  el.classList.add("ag-output");
  el.append(root);
  return () => file?.listeners.delete(show);
}

export default { render: overview };
