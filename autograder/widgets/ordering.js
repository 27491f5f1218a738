function ordering(frame) {
  const { steps, tray: hasTray } = frame.view;
  const hintId = uniqueId();
  const list = make("ol", { class: "ag-steps", role: "list", "aria-label": "Steps, in order" });
  const tray = make("ul", { class: "ag-steps", role: "list", "aria-label": "Not needed" });
  const trayBox = make(
    "div",
    { class: "ag-tray", "data-tray": true },
    make("p", { class: "ag-tray-name", text: "Not needed", "aria-hidden": "true" }),
    tray,
    make("p", { class: "ag-tray-empty", text: "Steps that do not belong go here." }),
  );
  const keep = make("button", {
    type: "button",
    class: "ag-button",
    text: "Keep this order",
    onclick: () => {
      submit();
      list.firstElementChild?.focus();
    },
  });
  const rows = new Map(steps.map((step) => [step.id, stepRow(step)]));

  function stepRow({ id, text }) {
    const name = plain(text);
    const move = (symbol, label, action) =>
      make("button", {
        type: "button",
        class: "ag-move",
        text: symbol,
        "aria-label": `${label}: ${name}`,
        onclick: action,
      });
    const row = make(
      "li",
      { class: "ag-step", "data-step": id, tabindex: "0", "aria-describedby": hintId },
      make("span", { class: "ag-grip", "aria-hidden": "true", text: "⠿" }),
      make("span", { class: "ag-place", "aria-hidden": "true" }),
      make("span", { class: "ag-text", html: text }),
    );
    row.up = move("↑", "Move up", () => shift(row, -1, row.up));
    row.down = move("↓", "Move down", () => shift(row, 1, row.down));
    const moves = make("span", { class: "ag-moves" }, row.up, row.down);
    if (hasTray) {
      row.aside = move("", "", () => toggleTray(row, row.aside));
      row.aside.classList.add("ag-aside");
      moves.append(row.aside);
    }
    row.append(moves);
    row.addEventListener("keydown", (event) => onKey(event, row));
    row.addEventListener("pointerdown", (event) => startDrag(event, row));
    row.stepName = name;
    return row;
  }

  function onKey(event, row) {
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      shift(row, event.key === "ArrowUp" ? -1 : 1, document.activeElement);
    } else if (hasTray && event.key === "Delete") {
      event.preventDefault();
      toggleTray(row, row);
    }
  }

  function shift(row, by, focus) {
    if (row.parentNode === tray) return;
    const neighbour = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!neighbour) {
      frame.announce(by < 0 ? "Already the first step" : "Already the last step");
      return;
    }
    if (by < 0) neighbour.before(row);
    else neighbour.after(row);
    moved(row, focus);
  }

  function toggleTray(row, focus) {
    (row.parentNode === tray ? list : tray).append(row);
    moved(row, focus);
  }

  function moved(row, focus) {
    submit();
    focus?.focus();
    frame.announce(
      row.parentNode === tray
        ? "Step moved to Not needed"
        : `Step moved to position ${[...list.children].indexOf(row) + 1} of ${list.children.length}`,
    );
  }

  function order() {
    return [...list.children].map((row) => row.dataset.step);
  }

  function submit() {
    update();
    frame.answer({ order: order() });
    keep.hidden = true;
  }

  function update() {
    for (const row of rows.values()) {
      const inTray = row.parentNode === tray;
      const position = [...list.children].indexOf(row) + 1;
      row.querySelector(".ag-place").textContent = inTray ? "–" : position;
      row.setAttribute(
        "aria-label",
        inTray
          ? `Not needed: ${row.stepName}`
          : `Step ${position} of ${list.children.length}: ${row.stepName}`,
      );
      row.up.setAttribute("aria-disabled", String(inTray || position === 1));
      row.down.setAttribute("aria-disabled", String(inTray || position === list.children.length));
      row.up.hidden = row.down.hidden = inTray;
      if (row.aside) {
        row.aside.textContent = inTray ? "Put back" : "Not needed";
        row.aside.setAttribute("aria-label", `${row.aside.textContent}: ${row.stepName}`);
      }
    }
    trayBox.classList.toggle("ag-empty", tray.children.length === 0);
  }

  /** The step moves while it is dragged. */
  function startDrag(event, row) {
    const home = { parent: row.parentNode, next: row.nextSibling };
    followDrag(event, row, {
      move(_, y) {
        place(row, y);
        update();
      },
      end(kept) {
        const changed = row.parentNode !== home.parent || row.nextSibling !== home.next;
        if (kept && changed) return moved(row, row);
        home.parent.insertBefore(row, home.next);
        update();
      },
    });
  }

  /** Put the dragged row where the pointer is. */
  function place(row, y) {
    const target = hasTray && y >= trayBox.getBoundingClientRect().top ? tray : list;
    const others = [...target.children].filter((other) => other !== row);
    const next = others.find((other) => {
      const box = other.getBoundingClientRect();
      return y < box.top + box.height / 2;
    });
    if (row.parentNode !== target || row.nextElementSibling !== (next ?? null)) {
      target.insertBefore(row, next ?? null);
    }
  }

  const keys = hasTray
    ? "Drag the steps, use the buttons, or press Alt+↑ and Alt+↓ on a step; Delete moves it to “Not needed” and back."
    : "Drag the steps, use the buttons, or press Alt+↑ and Alt+↓ on a step.";
  frame.body.append(list);
  if (hasTray) frame.body.append(trayBox);
  frame.body.append(make("p", { class: "ag-hint", id: hintId, text: keys }));
  frame.buttons.append(keep);
  return {
    show(response) {
      const given = steps.map((step) => step.id);
      const wanted = (response?.order ?? given).filter((id) => rows.has(id));
      const spare = given.filter((id) => !wanted.includes(id));
      if (canonical(wanted) !== canonical(order()) || tray.children.length !== spare.length) {
        list.append(...(hasTray ? wanted : [...wanted, ...spare]).map((id) => rows.get(id)));
        if (hasTray) tray.append(...spare.map((id) => rows.get(id)));
      }
      keep.hidden = response != null;
      update();
    },
  };
}

export default itemView(ordering, { speaksWhenSaved: false });
