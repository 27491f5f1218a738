const LONG_OPTION = 45;

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
  frame.body.append(make("ol", { class: "ag-pairs", role: "list" }, ...rows));
  if (options.some(({ text }) => text.includes("<") || /\$|\\/.test(text) || text.length > LONG_OPTION)) {
    frame.body.append(optionList(options));
  }
  frame.body.append(make("p", { class: "ag-hint" }, progress, ` ${rule}`));
  return {
    show(response) {
      for (const select of selects) select.value = response?.pairs?.[select.dataset.prompt] ?? "";
      update();
    },
  };
}

/** The options in full: a drop-down shows neither mathematics nor emphasis nor long texts. */
function optionList(options) {
  const rows = options.map(({ text }, index) =>
    make(
      "li",
      {},
      make("span", { class: "ag-letter", text: letter(index) }),
      make("span", { class: "ag-text", html: text }),
    ),
  );
  return make("ul", { class: "ag-legend", role: "list", "aria-label": "The options in full" }, ...rows);
}

export default itemView(matching);
