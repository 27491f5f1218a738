/** Code for practice, written in a field of its own. */
function practiceCode(frame) {
  const inputId = uniqueId();
  const { starter } = frame.view;
  const typing = new Typing(frame, () => (field.value.trim() ? { source: field.value } : null));
  const field = make("textarea", {
    id: inputId,
    class: "ag-field ag-source",
    rows: Math.max(8, starter.split("\n").length + 4),
    spellcheck: "false",
    autocapitalize: "off",
    oninput: () => typing.typed(),
    onblur: () => typing.flush(),
  });
  frame.body.append(make("label", { class: "ag-label", for: inputId, text: "Your code" }), field);
  return {
    flush: () => typing.flush(),
    show(response) {
      typing.fill(field, response?.source ?? starter);
    },
  };
}

export default itemView(practiceCode, { speaksWhenSaved: false });
