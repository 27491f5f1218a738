function singleChoice(frame) {
  const name = uniqueId();
  const inputs = frame.view.options.map(({ id }) =>
    make("input", {
      type: "radio",
      name,
      value: id,
      onchange: () => frame.answer({ choice: id }),
    }),
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
  frame.body.append(
    make(
      "fieldset",
      { class: "ag-options" },
      make("legend", { class: "ag-unseen", text: `${frame.view.title}: choose one` }),
      ...labels,
    ),
  );
  return {
    show(response) {
      for (const input of inputs) input.checked = input.value === response?.choice;
    },
  };
}

export default itemView(singleChoice);
