const PLACE = /\[\[([a-z][a-z0-9-]*)\]\]/;

function cloze(frame) {
  const { blanks, text } = frame.view;
  const wrongId = uniqueId();
  const typing = new Typing(frame, read);
  const fields = new Map(blanks.map((blank, index) => [blank.id, control(blank, index + 1)]));
  const prose = make("div", { class: "ag-prose ag-cloze", html: text });
  const progress = make("p", { class: "ag-hint ag-count" });
  const wrong = make("p", { class: "ag-hint ag-wrong", id: wrongId, hidden: true });

  function control({ id, kind, options, unit }, number) {
    const properties = {
      "data-blank": id,
      "aria-label": `Blank ${number} of ${blanks.length}${unit ? `, in ${unit}` : ""}`,
    };
    if (kind === "choice") {
      return make(
        "select",
        { ...properties, class: "ag-select", onchange: changed },
        make("option", { value: "", text: "Choose…" }),
        ...options.map((option) => make("option", { value: option.id, text: plain(option.text) })),
      );
    }
    const typed = { oninput: () => typing.typed(), onchange: () => typing.flush() };
    const field = { ...properties, ...typed, class: "ag-input" };
    if (kind === "number") return numberField({ ...field, size: "9" });
    return make("input", { ...field, type: "text", size: "16", autocomplete: "off", maxlength: "200" });
  }

  /** The control of a blank with its number and unit, to stand in the text. */
  function place(id) {
    const index = blanks.findIndex((blank) => blank.id === id);
    const { unit } = blanks[index];
    return make(
      "span",
      { class: "ag-blank" },
      make("span", { class: "ag-blank-number", "aria-hidden": "true", text: index + 1 }),
      fields.get(id),
      unit ? make("span", { class: "ag-unit", "aria-hidden": "true", text: unit }) : "",
    );
  }

  function changed() {
    typing.flush();
    frame.answer(read());
  }

  function read() {
    update();
    const given = [...fields].filter(([, field]) => field.value.trim());
    const filled = given.map(([id, field]) => [id, field.value]);
    return filled.length > 0 ? { blanks: Object.fromEntries(filled) } : null;
  }

  /** Say how far the learner is, and which blanks hold no number where one belongs. */
  function update() {
    const unreadable = [];
    for (const [index, { id, kind, unit }] of blanks.entries()) {
      const field = fields.get(id);
      const bad = kind === "number" && field.value.trim() !== "" && !isNumber(field.value, unit);
      if (bad) unreadable.push(index + 1);
      if (kind === "number") field.setAttribute("aria-invalid", String(bad));
      if (bad) field.setAttribute("aria-describedby", wrongId);
      else field.removeAttribute("aria-describedby");
    }
    wrong.hidden = unreadable.length === 0;
    wrong.textContent = wrong.hidden ? "" : `✗ Blank ${unreadable.join(", ")}: ${NUMBER_HINT}`;
    const filled = [...fields.values()].filter((field) => field.value.trim()).length;
    progress.textContent = `${filled} of ${blanks.length} blanks filled.`;
  }

  fillPlaces(prose, (id) => (fields.has(id) ? place(id) : null));
  for (const table of prose.querySelectorAll("table")) {
    const box = make("div", { class: "ag-scroll" });
    table.replaceWith(box);
    box.append(table);
  }
  frame.body.append(prose, wrong, progress);
  return {
    flush: () => typing.flush(),
    show(response) {
      for (const [id, field] of fields) {
        const given = String(response?.blanks?.[id] ?? "");
        if (field.tagName === "INPUT") typing.fill(field, given);
        else if (!typing.pending) field.value = given;
      }
      if (!typing.pending) update();
    },
  };
}

/** Replace each place `[[id]]` in the text below an element by what `control(id)` gives. */
function fillPlaces(element, control) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    // Splitting at a pattern with one group gives text, id, text, id, ..., text.
    const parts = text.data.split(PLACE);
    if (parts.length === 1) continue;
    text.replaceWith(
      ...parts.map((part, index) => (index % 2 === 0 ? part : (control(part) ?? `[[${part}]]`))),
    );
  }
}

export default itemView(cloze, { speaksWhenSaved: false });
