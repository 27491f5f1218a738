function multipleSelect(frame) {
  const inputs = frame.view.options.map(({ id }) =>
    make("input", { type: "checkbox", value: id, onchange: changed }),
  );
  const labels = frame.view.options.map(({ text }, index) =>
    make(
      "label",
      { class: "ag-option" },
      inputs[index],
      make("span", { class: "ag-letter", text: letter(index), "aria-hidden": "true" }),
      make("span", { class: "ag-text", html: text }),
    ),
  );

  function changed() {
    const picks = inputs.filter((input) => input.checked).map((input) => input.value);
    frame.answer(picks.length > 0 ? { picks } : null);
  }

  frame.body.append(
    make(
      "fieldset",
      { class: "ag-options" },
      make("legend", { class: "ag-unseen", text: `${frame.view.title}: tick every option that applies` }),
      ...labels,
    ),
    make("p", { class: "ag-hint", text: "Tick every option that applies." }),
  );
  return {
    show(response) {
      for (const input of inputs) input.checked = response?.picks?.includes(input.value) ?? false;
    },
  };
}

export default itemView(multipleSelect);
