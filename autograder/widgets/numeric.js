function numeric(frame) {
  const { unit } = frame.view;
  const [inputId, labelId, unitId, hintId] = [uniqueId(), uniqueId(), uniqueId(), uniqueId()];
  const typing = new Typing(frame, () => {
    check();
    return field.value.trim() ? { value: field.value } : null;
  });
  const field = numberField({
    id: inputId,
    class: "ag-input",
    "aria-labelledby": unit ? `${labelId} ${unitId}` : labelId,
    "aria-describedby": hintId,
    oninput: () => {
      if (isReadable()) check();
      typing.typed();
    },
    onchange: () => typing.flush(),
  });
  const hint = make("p", { class: "ag-hint", id: hintId, text: NUMBER_HINT });

  function isReadable() {
    return !field.value.trim() || isNumber(field.value, unit);
  }

  /** Say that this is no number; the pill, and with it a screen reader, has the kernel's word. */
  function check() {
    const readable = isReadable();
    field.setAttribute("aria-invalid", String(!readable));
    hint.classList.toggle("ag-wrong", !readable);
    hint.textContent = readable ? NUMBER_HINT : `✗ This is not a number. ${NUMBER_HINT}`;
  }

  frame.body.append(
    make("label", { class: "ag-label", id: labelId, for: inputId, text: "Your answer" }),
    make(
      "div",
      { class: "ag-number-row" },
      field,
      unit ? make("span", { class: "ag-unit", id: unitId, text: unit }) : "",
    ),
    hint,
  );
  return {
    flush: () => typing.flush(),
    show(response) {
      typing.fill(field, String(response?.value ?? ""));
      if (!typing.pending) check();
    },
  };
}

export default itemView(numeric, { speaksWhenSaved: false });
