function matching(frame) {
  const { prompts, options, reuse } = frame.view;
  const labels = options.map(({ text }, index) => `${letter(index)} · ${plain(text)}`);
  const selects = prompts.map(({ id }) => promptSelect(id));
  const progress = make("span", { class: "ag-count" });
  const rule = reuse
    ? "An option may be used more than once."
    : "Each option can be used once. To free one, set its row back to “Choose…”.";

  function promptSelect(id) {
    return make(
      "select",
      { id: uniqueId(), "data-prompt": id, class: "ag-select", onchange: changed },
      make("option", { value: "", text: "Choose…" }),
      ...options.map((option) => make("option", { value: option.id })),
    );
  }

  function changed() {
    const pairs = Object.fromEntries(
      selects.filter((select) => select.value).map((select) => [select.dataset.prompt, select.value]),
    );
    frame.answer(Object.keys(pairs).length > 0 ? { pairs } : null);
    update();
  }

  /** Say which options are taken, and how far the learner is. */
  function update() {
    for (const select of selects) {
      for (const [index, option] of [...select.options].slice(1).entries()) {
        const row = selects.findIndex((other) => other !== select && other.value === option.value);
        const taken = !reuse && row >= 0;
        option.disabled = taken;
        option.textContent = labels[index] + (taken ? ` (used in row ${row + 1})` : "");
      }
    }
    for (const [index, tile] of tiles.entries()) {
      const used = selects.some((select) => select.value === options[index].id);
      tile.classList.toggle("ag-used", used);
    }
    const matched = selects.filter((select) => select.value).length;
    progress.textContent = `${matched} of ${prompts.length} matched.`;
  }

  const rows = prompts.map(({ text }, index) =>
    make(
      "li",
      { class: "ag-pair" },
      make("label", { class: "ag-text", for: selects[index].id, html: text }),
      selects[index],
    ),
  );

  /** The options in full, to drag: a drop-down shows neither mathematics nor long texts. */
  const tiles = options.map((option, index) => {
    const tile = make(
      "li",
      { class: "ag-tile", "data-option": option.id },
      make("span", { class: "ag-grip", "aria-hidden": "true", text: "⠿" }),
      make("span", { class: "ag-letter", text: letter(index) }),
      make("span", { class: "ag-text", html: option.text }),
    );
    tile.addEventListener("pointerdown", (event) => startDrag(event, tile, option.id));
    return tile;
  });

  function startDrag(event, tile, id) {
    let target = null;

    function aim(row) {
      target?.classList.remove("ag-target");
      target = row ?? null;
      target?.classList.add("ag-target");
    }
    followDrag(event, tile, {
      move(x, y) {
        tile.style.transform = `translate(${x - event.clientX}px, ${y - event.clientY}px)`;
        const below = document.elementsFromPoint(x, y);
        aim(rows.find((row) => below.includes(row)));
      },
      end(kept) {
        const row = rows.indexOf(target);
        tile.style.transform = "";
        aim(null);
        if (kept && row >= 0) put(id, row);
      },
    });
  }

  function put(id, row) {
    const before = reuse ? undefined : selects.find((select) => select.value === id);
    if (before) before.value = "";
    for (const option of selects[row].options) option.disabled = false;
    selects[row].value = id;
    changed();
    frame.announce(`${labels[options.findIndex((option) => option.id === id)]}: row ${row + 1}`);
  }

  frame.body.append(
    make("ol", { class: "ag-pairs", role: "list" }, ...rows),
    make("ul", { class: "ag-tiles", role: "list", "aria-label": "The options in full" }, ...tiles),
    make("p", { class: "ag-hint" }, "Drag an option onto a row, or choose it there. ", progress, ` ${rule}`),
  );
  return {
    show(response) {
      for (const select of selects) select.value = response?.pairs?.[select.dataset.prompt] ?? "";
      update();
    },
  };
}

export default itemView(matching);
