// Puts a question on every element `data-practice="quiz/item"` whose variants the page has loaded.

/** What a view asks of its model, without a kernel behind it. */
class PageModel {
  #values = {};
  #listeners = new Map();

  constructor(values) {
    this.#values = values;
  }

  get(name) {
    return this.#values[name];
  }

  set(name, value) {
    if (canonical(value) === canonical(this.#values[name])) return;
    this.#values[name] = value;
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
  }
}

class PracticeModel extends PageModel {
  #attempt;

  constructor(quiz, variants) {
    const attempt = new Attempt(variants);
    super({ quiz, in_notebook: false, next_open: {}, ...attempt.state() });
    this.#attempt = attempt;
  }

  save_changes() {
    const response = this.get("response");
    if (canonical(response) === canonical(this.#attempt.response)) return;
    try {
      this.#attempt.respond(response);
      this.#show();
    } catch (error) {
      this.set("status", { state: "failed", message: error.message });
    }
  }

  send({ kind }) {
    const attempt = this.#attempt;
    if (kind === "check" && attempt.response !== null) attempt.check();
    else if (kind === "hint") attempt.hint();
    else if (kind === "solve") attempt.giveUp();
    else if (kind === "again") attempt.again();
    this.#show();
  }

  #show() {
    const { practice, view, ...others } = this.#attempt.state();
    for (const [name, value] of Object.entries(others)) this.set(name, value);
    this.set("practice", practice);
    this.set("view", view); // last: the question is built anew, from all the others
  }
}

function putUp() {
  for (const place of document.querySelectorAll("[data-practice]")) {
    const name = place.dataset.practice;
    const variants = globalThis.autograderPractice?.[name];
    if (!variants) continue; // its script was not loaded: the question's text stays
    const model = new PracticeModel(name.split("/")[0], variants);
    place.replaceChildren();
    VIEWS[model.get("view").type].render({ model, el: place });
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", putUp);
else putUp();
