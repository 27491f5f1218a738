function caseStudy(frame) {
  const { headings = [], words = {} } = frame.view;
  const inputId = uniqueId();
  const hintId = uniqueId();
  const countId = uniqueId();
  const typing = new Typing(frame, () => (field.value.trim() ? { text: field.value } : null));
  const field = make("textarea", {
    id: inputId,
    class: "ag-field",
    rows: "12",
    spellcheck: "true",
    "aria-describedby": `${headings.length > 0 ? `${hintId} ` : ""}${countId}`,
    oninput: typed,
    onblur: () => typing.flush(),
  });
  const count = make("p", { class: "ag-hint ag-count", id: countId });

  function typed() {
    update();
    typing.typed();
  }

  function update() {
    const number = field.value.split(/\s+/).filter(Boolean).length;
    count.textContent = `${number} ${number === 1 ? "word" : "words"}${expected(words)}`;
  }

  frame.body.append(make("label", { class: "ag-label", for: inputId, text: "Your answer" }));
  if (headings.length > 0) {
    const text = `It is judged by: ${headings.join(" · ")}`;
    frame.body.append(make("p", { class: "ag-hint", id: hintId, text }));
  }
  frame.body.append(field, count);
  return {
    flush: () => typing.flush(),
    show(response) {
      typing.fill(field, response?.text ?? "");
      frame.file?.markAnswered(frame.view.id, response != null);
      update();
    },
  };
}

function expected({ min, max }) {
  if (min != null && max != null) return ` · ${min} to ${max} expected`;
  if (min != null) return ` · at least ${min} expected`;
  if (max != null) return ` · at most ${max} expected`;
  return "";
}

export default itemView(caseStudy, { speaksWhenSaved: false });
