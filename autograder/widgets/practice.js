// Practice: the same views, judged by the kernel at once; hints, and another try with new numbers.

Object.assign(PILL_ICONS, { given: "●", right: "✓", partly: "◐", wrong: "✗", yours: "→" });

class PracticeFrame extends ItemFrame {
  constructor(model, el, body, options) {
    super(model, el, body, options);
    const button = (text, kind) =>
      make("button", { type: "button", class: "ag-button", text, onclick: () => this.#ask(kind) });
    this.checkButton = button("Check", "check");
    this.hintButton = button("Hint", "hint");
    this.solveButton = button("Show the answer", "solve");
    this.againButton = button("", "again");
    this.hints = make("ol", { class: "ag-hints ag-prose", "aria-live": "polite", hidden: true });
    this.verdict = make("div", { class: "ag-verdict ag-prose", hidden: true });
    this.buttons.prepend(this.checkButton, this.hintButton, this.solveButton, this.againButton);
    this.root.append(this.hints, this.verdict);
  }

  notebookFile() {
    return null; // nothing of practice is kept
  }

  start() {
    const { model } = this;
    const show = () => this.#show();
    const stop = super.start();
    model.on("change:practice", show);
    this.#show();
    return () => {
      model.off("change:practice", show);
      stop();
    };
  }

  state() {
    const [state, words] = super.state();
    if (state !== "saved") return [state, words];
    if (this.asked === "check") return ["saving", "Checking…"];
    const { outcome, words: judged } = this.#judged() ?? {};
    return outcome ? [outcome, judged] : ["given", "Not checked yet"];
  }

  /** The verdict, where it is on the response that stands on the screen. */
  #judged() {
    const { verdict } = this.model.get("practice");
    const said = verdict?.outcome && canonical(verdict.response) === canonical(this.model.get("response"));
    return said ? verdict : null;
  }

  #ask(kind) {
    this.type.flush?.();
    if (kind === "check" && this.model.get("response") == null) {
      this.announce("Answer first");
      return;
    }
    this.asked = kind;
    this.model.send({ kind });
    this.refresh();
  }

  #show() {
    const { hints, more, another, verdict } = this.model.get("practice");
    this.hintButton.setAttribute("aria-disabled", String(!more));
    this.againButton.textContent = another ? "New numbers" : "Start again";
    this.hints.hidden = hints.length === 0;
    if (hints.length < this.hints.children.length) this.hints.replaceChildren();
    for (const html of hints.slice(this.hints.children.length)) this.hints.append(make("li", { html }));
    this.verdict.hidden = !verdict.outcome;
    if (!verdict.outcome) this.verdict.replaceChildren();
    else this.verdict.replaceChildren(make("div", { html: verdict.html }), ...assessment(verdict));
    loadImages(this.model, this.verdict);
    const news = ["check", "solve"].includes(this.asked) && verdict.outcome;
    this.asked = null;
    this.refresh();
    if (news) this.announce(verdict.words);
  }
}

/** A rubric for the learner to judge an answer by: a level for each criterion, and the sum. */
function assessment({ rubric, guesses }) {
  if (rubric.length === 0) return [];
  const all = rubric.map(({ levels }) => Math.max(...levels.map(({ points }) => points)));
  const whole = all.reduce((sum, points) => sum + points, 0);
  const total = make("p", { class: "ag-total", role: "status" });
  const criteria = rubric.map(({ name, guess, levels }) => {
    const group = uniqueId();
    const choices = levels.map(({ points, text }) =>
      make(
        "label",
        { class: "ag-option" },
        make("input", { type: "radio", name: group, value: points, onchange: add }),
        make("span", { class: "ag-letter", text: points }),
        make("span", { class: "ag-text", html: text }),
      ),
    );
    const legend = make("legend", { class: "ag-label", text: name });
    return make("fieldset", { class: "ag-options" }, legend, ...note(guess), ...choices);
  });

  function add() {
    const picked = criteria.map((one) => one.querySelector(":checked")).filter(Boolean);
    const sum = picked.reduce((points, input) => points + Number(input.value), 0);
    const left = criteria.length - picked.length;
    const open = left > 0 ? ` (${left} ${left === 1 ? "criterion" : "criteria"} left)` : "";
    total.textContent = `By your own judgement: ${sum} of ${whole} points${open}.`;
  }

  return [make("p", { text: "Judge your own answer by the rubric:" }), ...note(guesses), ...criteria, total];
}

/** What a machine guesses, as text; nothing where it guesses nothing. */
function note(text) {
  return text ? [make("p", { class: "ag-hint", text })] : [];
}

Frame = class {
  constructor(model, el, body, options) {
    Object.assign(this, { model, el, body, options });
  }

  /** Build the view anew whenever the question comes with other numbers. */
  start() {
    const { model, el, body, options } = this;
    let frame;
    let stop;
    const build = () => {
      frame = new PracticeFrame(model, el, body, options);
      stop = frame.start();
    };
    const rebuild = () => {
      const focused = el.contains(document.activeElement);
      stop();
      el.replaceChildren();
      build();
      if (focused) frame.againButton.focus();
    };
    build();
    model.on("change:view", rebuild);
    return () => {
      model.off("change:view", rebuild);
      stop();
    };
  }
};
