// Shared by all views: building elements, the notebook file, and the frame around an item.

const SAVE_DELAY = 1000;
const OTHERS_SAVE_DELAY = 3500; // two windows that save at once end in JupyterLab's dialog
const ANSWER_DELAY = 4000;
const TYPING_DELAY = 400;
const STALE_AFTER = 500; // ms by which two times of one file may differ, as in JupyterLab
const MOST_RETRIES = 5;
const MOST_REVISIONS = 1e8; // as in responses.py
const DRAG_THRESHOLD = 5; // pixels
const RELEASED_CHECKSUM = "autograder_released_checksum"; // in the metadata of a case study's cell
const FLAGS = "autograder_flags"; // in the notebook's metadata: the questions to come back to
const CONTROLS = ".ag-body :is(input, select, textarea, li[tabindex]), .ag-buttons button";
const NO_ANSWER =
  "the kernel does not answer. Restart the kernel, run the first cell and this one again, " +
  "then answer again.";
const STILL_BUSY =
  "the kernel is still running a cell. Your answer is saved when that is done; " +
  "keep this page open until then.";
const DISCONNECTED =
  "The kernel is not connected. Run the first cell and this one again before you change your answer.";
const CHANGED_ELSEWHERE = "it was changed in another window or by another program";
const RELOAD = "Reload this page before you go on.";
const PILL_ICONS = { open: "○", saving: "…", saved: "✓", failed: "!" };

// JupyterLab takes keys for its shortcuts (arrows leave the cell, X deletes it) unless the focused
// element itself says otherwise.
const TAKES_KEYS = ["BUTTON", "INPUT", "LI", "SELECT", "TEXTAREA"];

/** An element with properties ("text", "html", "on…" or an attribute) and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") element.textContent = value;
    else if (name === "html") element.innerHTML = value; // sanitised in Python
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  if (TAKES_KEYS.includes(element.tagName)) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children);
  return element;
}

/** One style sheet for all views: the page is styled anew whenever one is added or replaced. */
function addStyle() {
  const id = "autograder-style";
  const sheet = document.getElementById(id) ?? document.head.appendChild(make("style", { id }));
  if (sheet.textContent !== STYLE) sheet.textContent = STYLE;
}
addStyle();

let lastId = 0;
/** An id that no other view on the page has, not even one from another copy of this module. */
function uniqueId() {
  lastId += 1;
  return `ag-${Math.random().toString(36).slice(2)}-${lastId}`;
}

/** Hand over what the learner types after a pause, not at every key; `read` gives the response. */
class Typing {
  #timer = null;

  constructor(frame, read) {
    this.frame = frame;
    this.read = read;
  }

  /** What is on the screen is newer than any response that arrives meanwhile. */
  get pending() {
    return this.#timer !== null;
  }

  typed() {
    this.frame.draft();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), TYPING_DELAY);
  }

  flush() {
    if (!this.pending) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.frame.answer(this.read());
  }

  /** Put an arriving text into a field, unless the learner is typing there. */
  fill(field, text) {
    const blank = !text && !field.value.trim() && document.activeElement === field;
    if (!this.pending && !blank && field.value !== text) field.value = text;
  }
}

/**
 * Follow a drag by mouse, pen or (by the grip) finger, from its `pointerdown` on.
 *
 * `move(x, y)` is called as the pointer moves, `end(kept)` once: not kept is what Escape ended.
 */
function followDrag(down, element, { move, end }) {
  if (down.button !== 0 || down.target.closest("button, select")) return;
  if (down.pointerType === "touch" && !down.target.closest(".ag-grip")) return;
  let dragging = false;

  function drag(event) {
    if (event.pointerId !== down.pointerId) return;
    const distance = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
    if (!dragging && distance < DRAG_THRESHOLD) return;
    dragging = true;
    event.preventDefault();
    element.classList.add("ag-dragged");
    move(event.clientX, event.clientY);
  }

  function finish(kept) {
    document.removeEventListener("pointermove", drag);
    document.removeEventListener("pointerup", drop);
    document.removeEventListener("pointercancel", cancel);
    document.removeEventListener("keydown", escape, true);
    element.classList.remove("ag-dragged");
    if (dragging) end(kept);
  }
  const drop = (event) => event.pointerId === down.pointerId && finish(true);
  const cancel = (event) => event.pointerId === down.pointerId && finish(false);
  const escape = (event) => event.key === "Escape" && finish(false);
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", escape, true);
}

const NUMBER_HINT =
  "Write a number like 1024, 0.5 or 3e-4: a point for decimals, nothing between thousands.";

/** Whether a text reads as a number. The kernel decides; this only tells the learner at once. */
function isNumber(typed, unit) {
  let text = typed.trim().replaceAll("\u2212", "-");
  if (unit && text.toLowerCase().endsWith(unit.toLowerCase())) {
    text = text.slice(0, -unit.length).trim();
  }
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) && Number.isFinite(Number(text));
}

/** A text field in which a number is typed. */
function numberField(properties) {
  const typing = { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false" };
  return make("input", { ...typing, ...properties });
}

/** The text of rendered HTML. */
function plain(html) {
  return make("span", { html }).textContent.trim();
}

/** A letter for an option: A, B, ... Z, A1, ... */
function letter(index) {
  const cycle = Math.floor(index / 26);
  return String.fromCharCode(65 + (index % 26)) + (cycle || "");
}

/** A time of day; with the date, where that is not today. */
function clock(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  const day = { day: "numeric", month: "short" };
  const isToday = date.toDateString() === new Date().toDateString();
  return `${isToday ? "" : `${date.toLocaleDateString("en-GB", day)} `}${date.toLocaleTimeString("en-GB")}`;
}

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value) {
  return JSON.stringify(value ?? null, (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function isNewer(record, known) {
  if (!isNumbered(record)) return false;
  if (!isNumbered(known)) return true;
  if (record.revision !== known.revision) return record.revision > known.revision;
  return String(record.time) > String(known.time);
}

function isNumbered(record) {
  return Number.isInteger(record?.revision) && record.revision <= MOST_REVISIONS;
}

/** Find images that stand beside the notebook, as the front end does in Markdown cells. */
function loadImages(model, element) {
  const resolver = model.widget_manager?.rendermime?.resolver;
  if (!resolver) return;
  for (const image of element.querySelectorAll("img")) {
    const source = image.getAttribute("src") ?? "";
    if (resolver.isLocal && !resolver.isLocal(source)) continue;
    Promise.resolve(resolver.resolveUrl(source))
      .then((path) => resolver.getDownloadUrl(path))
      .then((url) => (image.src = url))
      .catch(() => {}); // its description is shown
  }
}

/**
 * The notebook document that shows a widget, and the records in its metadata.
 *
 * Only JupyterLab and Notebook 7 let a widget reach the document; elsewhere `of` returns null.
 * All views of a document share one object, so that they save it together.
 */
class NotebookFile {
  static of(model) {
    const context = model.widget_manager?.context;
    if (typeof context?.model?.setMetadata !== "function") return null;
    const open = (globalThis[Symbol.for("autograder.notebooks")] ??= new WeakMap());
    if (!open.has(context)) open.set(context, new NotebookFile(context));
    return open.get(context);
  }

  constructor(context) {
    this.context = context;
    this.problem = "";
    this.listeners = new Set();
    this.timer = null;
    this.retries = 0;
    this.leftToOthers = false;
    context.saveState.connect((_, state) => {
      if (state === "completed") this.problem = "";
      if (state !== "started") this.notify();
    });
  }

  get stored() {
    return !this.timer && !this.problem && (this.leftToOthers || !this.context.model.dirty);
  }

  notify() {
    for (const listener of this.listeners) listener();
  }

  records(quiz) {
    return recordsOf(this.context.model.getMetadata("autograder"), quiz);
  }

  /** Merge records into the metadata, the newer of an item wins; then save the document. */
  keep(quiz, records, delay = SAVE_DELAY) {
    const merged = { ...this.records(quiz) };
    let changed = false;
    for (const record of records) {
      if (!isNewer(record, merged[record?.item])) continue;
      merged[record.item] = record;
      changed = true;
    }
    if (!changed) {
      if (this.timer) this.saveSoon(delay); // another view brought it, perhaps with more patience
      return;
    }
    const held = this.context.model.getMetadata("autograder");
    const { [quiz]: _, ...others } = held?.others ?? {};
    if (held?.quiz && held.quiz !== quiz) others[held.quiz] = held.records;
    const value = { quiz, records: merged };
    if (Object.keys(others).length > 0) value.others = others;
    this.context.model.setMetadata("autograder", value);
    this.saveSoon(delay);
  }

  saveSoon(delay = SAVE_DELAY) {
    if (this.timer && delay > this.delay) return; // what waits will store this, too
    clearTimeout(this.timer);
    this.delay = delay;
    this.timer = setTimeout(() => this.save(), delay);
  }

  async save() {
    clearTimeout(this.timer);
    this.timer = null;
    const { context } = this;
    if (context.isDisposed) return;
    if (context.model.readOnly || context.contentsModel?.writable === false) {
      this.problem = "it is read-only";
    } else if ((this.leftToOthers = await this.#isStale())) {
      await this.#leaveToOthers();
    } else if (!this.waiting) {
      try {
        await context.save();
        this.problem = "";
      } catch (error) {
        this.problem = error?.message || String(error);
        this.#waitAfterConflict(error);
      }
    }
    this.notify();
  }

  /**
   * Whether the file is newer than this page's copy of it: another window saved it, for example.
   * Saving then would end in a dialog on what to overwrite, for every answer.
   */
  async #isStale() {
    const known = Date.parse(this.context.contentsModel?.last_modified ?? "");
    const found = Date.parse((await this.#onDisk(0))?.last_modified ?? "");
    return found - known > STALE_AFTER;
  }

  /** The other window stores answers as well: complain only where it does not. */
  async #leaveToOthers() {
    const held = (await this.#onDisk(1))?.content?.metadata?.autograder;
    const missing = Object.entries(this.#byQuiz()).some(([quiz, records]) => {
      const stored = recordsOf(held, quiz);
      return Object.values(records).some((record) => isNewer(record, stored[record?.item]));
    });
    this.problem = missing ? CHANGED_ELSEWHERE : "";
    this.retries = missing ? this.retries + 1 : 0;
    if (missing && this.retries <= MOST_RETRIES) this.saveSoon();
  }

  /** The file as the server has it, with its content or without; null where that is not to be had. */
  async #onDisk(content) {
    const settings = this.context.sessionContext?.sessionManager?.serverSettings;
    if (!settings?.baseUrl) return null;
    const path = this.context.localPath.split("/").map(encodeURIComponent).join("/");
    const headers = settings.token ? { Authorization: `token ${settings.token}` } : {};
    try {
      const url = `${settings.baseUrl}api/contents/${path}?type=notebook&content=${content}`;
      const answer = await fetch(url, { headers, cache: "no-store", credentials: "same-origin" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  #byQuiz() {
    const held = this.context.model.getMetadata("autograder");
    return { ...held?.others, ...(held?.quiz ? { [held.quiz]: held.records } : {}) };
  }

  /** The learner closed the dialog on a conflict: ask again only after a save of their own. */
  #waitAfterConflict(error) {
    if (!/^Modal/.test(error?.name ?? "")) return;
    this.waiting = true;
    this.problem = CHANGED_ELSEWHERE;
    const { saveState } = this.context;
    const resume = (_, state) => {
      if (state !== "completed") return;
      this.waiting = false;
      saveState.disconnect(resume);
    };
    saveState.connect(resume);
  }

  /** Tell the kernel that this view writes records into the notebook, so that none is missing. */
  keepsFor(model) {
    if (model.get("in_notebook")) return;
    model.set("in_notebook", true);
    model.save_changes();
  }

  /** Whether the learner wants to come back to a question. */
  isFlagged(quiz, id) {
    return this.context.model.getMetadata(FLAGS)?.[quiz]?.includes(id) ?? false;
  }

  setFlag(quiz, id, on) {
    const flags = this.context.model.getMetadata(FLAGS) ?? {};
    const others = (flags[quiz] ?? []).filter((flagged) => flagged !== id);
    this.context.model.setMetadata(FLAGS, { ...flags, [quiz]: on ? [...others, id] : others });
    this.saveSoon();
    this.notify();
  }

  /**
   * Tell nbgrader's Validate whether a case study is answered.
   *
   * It takes the cell of one for unanswered as long as the cell has the checksum of its release.
   */
  markAnswered(id, isAnswered) {
    const cell = [...this.context.model.cells][this.cellOf(id)];
    const nbgrader = cell?.getMetadata("nbgrader");
    const released = cell?.getMetadata(RELEASED_CHECKSUM);
    if (isAnswered && nbgrader?.checksum && !released) {
      cell.setMetadata(RELEASED_CHECKSUM, nbgrader.checksum);
      cell.setMetadata("nbgrader", { ...nbgrader, checksum: nbgrader.checksum.replace(/./g, "0") });
    } else if (!isAnswered && nbgrader && released) {
      cell.setMetadata("nbgrader", { ...nbgrader, checksum: released });
      cell.deleteMetadata(RELEASED_CHECKSUM);
    }
  }

  /** The index of the cell that shows a question, or -1. */
  cellOf(id) {
    const shows = (cell) => cell.type === "code" && cell.sharedModel.getSource().includes(`.show("${id}")`);
    return [...this.context.model.cells].findIndex(shows);
  }
}

/** What the learner should know beside a list of questions. */
function showNotes(element, model) {
  const texts = model.get("notes") ?? [];
  const shown = [...element.children].map((note) => note.textContent);
  if (canonical(texts) === canonical(shown)) return; // a live region speaks at every change
  element.replaceChildren(...texts.map((text) => make("p", { class: "ag-note", text })));
}

/** The records of a quiz in a notebook's metadata; those of further quizzes stand apart. */
function recordsOf(held, quiz) {
  return (held?.quiz === quiz ? held.records : held?.others?.[quiz]) ?? {};
}

/** Bring a cell into view, as a link to it in a Markdown cell does; false where there are no links. */
function scrollToCell(model, cell) {
  const links = model.widget_manager?.rendermime?.linkHandler;
  if (!links) return false;
  const link = make("a");
  document.body.append(link);
  links.handleLink(link, NotebookFile.of(model).context.path, `#cell-id=${cell.id}`);
  link.click();
  link.remove();
  return true;
}

/** Put the focus on what `find` finds, once it is there and the notebook has scrolled. */
async function focusSoon(find) {
  for (let tries = 0; tries < 20; tries += 1) {
    await new Promise((done) => setTimeout(done, 150)); // the notebook moves the focus as it scrolls
    const found = find();
    if (!found) continue;
    found.focus({ preventScroll: true });
    for (const wait of [0, 400, 1200]) // cells above that are drawn late move it out of view
      setTimeout(() => found.matches(":focus") && found.scrollIntoView({ block: "center" }), wait);
    return;
  }
}

/** Bring a question into view, its text first, and put the focus on what answers it. */
function jumpTo(model, id) {
  const file = NotebookFile.of(model);
  const cells = file ? [...file.context.model.cells] : [];
  let place = file ? file.cellOf(id) : -1;
  while (place > 0 && cells[place].type !== "markdown") place -= 1; // the text is above
  const scrolled = place >= 0 && scrollToCell(model, cells[place]);
  return focusSoon(() => {
    const shown = [...document.querySelectorAll(`[data-item="${id}"]`)];
    const view = shown.find((one) => one.checkVisibility?.() ?? one.offsetParent);
    if (view && !scrolled) view.scrollIntoView({ block: "center" });
    return view?.querySelector(CONTROLS);
  });
}

/** Whether the kernel can be reached through this model. */
class Connection {
  constructor(model, onChange) {
    this.model = model;
    this.session = model.widget_manager?.context?.sessionContext;
    this.onChange = () => onChange();
    model.on("comm_live_update", this.onChange);
    this.session?.statusChanged.connect(this.onChange);
    this.session?.kernelChanged.connect(this.onChange);
  }

  get kernel() {
    return this.session?.session?.kernel;
  }

  get alive() {
    if (this.session && !this.kernel) return false;
    return this.#wholeModel()?.comm_live !== false && this.kernel?.status !== "dead";
  }

  /** The kernel's own status is not enough: it can say "idle" while a cell still runs. */
  get busy() {
    const cells = this.model.widget_manager?.context?.model?.cells ?? [];
    const running = [...cells].some((cell) => cell.executionState === "running");
    return running || this.kernel?.status === "busy";
  }

  close() {
    this.session?.statusChanged.disconnect(this.onChange);
    this.session?.kernelChanged.disconnect(this.onChange);
  }

  /** anywidget hands out a proxy without `comm_live`; the manager has the model itself. */
  #wholeModel() {
    const models = this.model.widget_manager?._modelsSync?.values?.() ?? [];
    const view = this.model.get("view");
    for (const model of models) if (model.get?.("view") === view) return model;
    return undefined;
  }
}

/**
 * The frame around an item: title, points, state, clearing, and saving.
 *
 * `body(frame)` adds the type's own elements to `frame.body` and `frame.buttons`, calls
 * `frame.answer(response)` on every change by the learner, and returns `show(response)`, which
 * puts a response (or null) on the screen. It may also return `flush()`, where it delays answers,
 * `advice(state)` for a note to the learner, and `close()`, called when the view goes away.
 */
function itemView(body, { speaksWhenSaved = true, answeredInCell = false } = {}) {
  const options = { speaksWhenSaved, answeredInCell };
  return { render: ({ model, el }) => new Frame(model, el, body, options).start() };
}

class ItemFrame {
  constructor(model, el, body, options) {
    this.model = model;
    this.view = model.get("view");
    this.options = options;
    this.file = this.notebookFile();
    this.drafting = false;
    this.isOwn = false; // whether the record to come is of an answer given here
    this.lateMessage = "";
    this.shown = null;
    this.replacedAt = "";
    this.unspoken = false; // saved while the learner was typing or sorting: said when they move on
    this.titleId = uniqueId();
    this.#build(el);
    this.type = body(this);
    this.buttons.append(this.nextButton, this.clearButton);
    el.append(this.root);
  }

  notebookFile() {
    return NotebookFile.of(this.model);
  }

  start() {
    const { model, file } = this;
    const refresh = () => this.refresh();
    this.connection = new Connection(model, () => this.#rearm());
    const heard = {
      "change:response": () => {
        this.#noteReplaced();
        this.#show();
        this.#rearm();
      },
      "change:next_open": () => this.#offerNext(),
      "change:record": () => this.#recorded(),
      "change:status": refresh,
    };
    for (const [event, listener] of Object.entries(heard)) model.on(event, listener);
    file?.listeners.add(refresh);
    file?.keepsFor(model);
    this.#show();
    this.#offerNext();
    this.#exchange();
    this.#rearm();
    loadImages(model, this.root);
    return () => {
      this.type.flush?.();
      this.type.close?.();
      for (const [event, listener] of Object.entries(heard)) model.off(event, listener);
      clearTimeout(this.timer);
      this.connection.close();
      file?.listeners.delete(refresh);
    };
  }

  /** Hand the learner's response to the kernel. */
  answer(response) {
    const wasSettled = this.#settled();
    this.drafting = false;
    this.isOwn = true;
    this.shown = response;
    this.replacedAt = "";
    this.model.set("response", response);
    // Back at what is recorded: a failure was about the response that is gone now.
    if (!this.#settled()) this.model.set("status", { state: "saving", message: "" });
    else if (!wasSettled) this.model.set("status", { state: "saved", message: "" });
    this.model.save_changes();
    this.#rearm();
  }

  /** The learner is in the middle of an answer that is not handed over yet. */
  draft() {
    this.drafting = true;
    this.refresh();
  }

  announce(text) {
    this.live.textContent = text;
  }

  refresh() {
    const [state, words] = this.state();
    const before = this.pill.dataset.state;
    if (before !== state || this.words.textContent !== words) {
      this.pill.dataset.state = state;
      this.icon.textContent = PILL_ICONS[state];
      this.words.textContent = words;
      if (state === "failed") this.announce(words);
      if (state === "saved" && before === "saving") {
        if (this.options.speaksWhenSaved) this.announce("Saved");
        else this.unspoken = true;
      }
    }
    const empty = this.model.get("response") == null && !this.drafting;
    this.clearButton.setAttribute("aria-disabled", String(empty));
    const flagged = this.file?.isFlagged(this.model.get("quiz"), this.view.id) ?? false;
    this.flag.setAttribute("aria-pressed", String(flagged));
    this.note.textContent = this.#advice(state);
    this.note.hidden = !this.note.textContent;
  }

  #build(el) {
    const { view } = this;
    this.icon = make("span", { class: "ag-icon", "aria-hidden": "true" });
    this.words = make("span");
    this.pill = make("span", { class: "ag-pill" }, this.icon, this.words);
    this.body = make("div", { class: "ag-body" });
    this.note = make("p", { class: "ag-note", hidden: true });
    this.buttons = make("div", { class: "ag-buttons" });
    this.live = make("div", { class: "ag-unseen", role: "status", "aria-live": "polite" });
    this.clearButton = make("button", {
      type: "button",
      class: "ag-button ag-quiet",
      text: "Clear answer",
      onclick: () => this.#clear(),
    });
    this.nextButton = make("button", {
      type: "button",
      class: "ag-button",
      hidden: true,
      onclick: () => jumpTo(this.model, this.model.get("next_open").id),
    });
    this.flag = make("button", {
      type: "button",
      class: "ag-flag",
      text: "Come back to this",
      title: "Mark this question, to find it again in the overview",
      hidden: !this.file,
      onclick: () => {
        const on = this.flag.getAttribute("aria-pressed") !== "true";
        this.file.setFlag(this.model.get("quiz"), view.id, on);
      },
    });
    const points = `${view.points} ${view.points === 1 ? "point" : "points"}`;
    this.root = make(
      "div",
      {
        class: "ag",
        role: "group",
        "data-item": view.id,
        "data-type": view.type,
        "aria-labelledby": this.titleId,
        onkeydown: (event) => this.#saveKey(event),
        onfocusout: () => this.#speakLate(),
      },
      make(
        "div",
        { class: "ag-head" },
        make("span", { class: "ag-title", id: this.titleId, text: view.title }),
        make("span", { class: "ag-points", text: points }),
        this.flag,
        this.pill,
      ),
      view.with_stem ? make("div", { class: "ag-stem ag-prose", html: view.stem }) : "",
      this.body,
      this.note,
      this.buttons,
      this.live,
    );
    el.classList.add("ag-output");
  }

  #speakLate() {
    if (!this.unspoken || this.pill.dataset.state !== "saved") return;
    this.unspoken = false;
    this.announce("Saved");
  }

  #clear() {
    if (this.clearButton.getAttribute("aria-disabled") === "true") return;
    this.answer(null);
    this.type.show(null);
    this.announce("Answer cleared");
  }

  #show() {
    this.shown = this.model.get("response");
    this.type.show(this.shown);
  }

  /** Another window, or a line of code, gave a newer answer than the one on the screen. */
  #noteReplaced() {
    const response = this.model.get("response");
    if (this.options.answeredInCell) return;
    if (this.shown == null || canonical(response) === canonical(this.shown)) return;
    this.replacedAt = new Date().toISOString();
    this.announce("The answer was changed in another place");
  }

  #offerNext() {
    const { id, title } = this.model.get("next_open") ?? {};
    this.nextButton.hidden = !id;
    this.nextButton.textContent = id ? `Next open: ${title}` : "";
  }

  /** Ctrl+S would reach the browser: JupyterLab's shortcuts are off inside the frame. */
  #saveKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || !this.file) return;
    event.preventDefault();
    this.type.flush?.();
    this.file.saveSoon();
  }

  #settled() {
    const { response } = this.model.get("record") ?? {};
    return !this.drafting && canonical(this.model.get("response")) === canonical(response);
  }

  /** The name of the state and the words for it. */
  state() {
    const { model } = this;
    const record = model.get("record") ?? {};
    const status = model.get("status") ?? {};
    const failed = (message) => ["failed", `Not saved: ${message}`];
    if (status.state === "failed") return failed(status.message);
    if (this.#settled()) {
      return record.response == null
        ? ["open", "Not answered"]
        : ["saved", `Saved ${clock(record.time)}`.trim()];
    }
    if (!this.connection.alive) return failed(NO_ANSWER);
    return this.lateMessage ? failed(this.lateMessage) : ["saving", "Saving…"];
  }

  #advice(state) {
    if (state !== "failed" && !this.connection.alive) return DISCONNECTED;
    if (state === "saved" && this.file?.problem) {
      return (
        `Your answer is recorded, but the notebook file is not saved: ${this.file.problem}. ` +
        (this.file.problem === CHANGED_ELSEWHERE ? RELOAD : "Save the notebook yourself (File, Save).")
      );
    }
    if (this.replacedAt) {
      return (
        `At ${clock(this.replacedAt)} a newer answer, given in another window or by a line of ` +
        "code, took the place of the one that stood here. This is the newer one."
      );
    }
    return (state === "saved" && this.model.get("status")?.message) || (this.type.advice?.(state) ?? "");
  }

  /** Wait for the kernel from now on, if it owes an answer. What was said to be late stays so. */
  #rearm() {
    clearTimeout(this.timer);
    if (this.#settled()) {
      this.lateMessage = "";
    } else if (!this.drafting) {
      this.timer = setTimeout(() => {
        this.lateMessage = this.connection.busy ? STILL_BUSY : NO_ANSWER;
        this.#rearm(); // look again: a busy kernel may fall silent
      }, ANSWER_DELAY);
    }
    this.refresh();
  }

  #recorded() {
    this.lateMessage = "";
    this.#exchange();
    this.#rearm();
  }

  /** Bring the kernel's record and the notebook's to the newer of the two. */
  #exchange() {
    if (!this.file) return;
    const { model, view } = this;
    const quiz = model.get("quiz");
    const record = model.get("record");
    const held = this.file.records(quiz)[view.id];
    if (isNewer(held, record)) {
      model.send({ kind: "notebook-record", record: held });
      return;
    }
    // Where another window gave the answer, it saves first, and this one finds that done.
    const isOwn = this.isOwn || this.options.answeredInCell;
    this.file.keep(quiz, [record], isOwn ? SAVE_DELAY : OTHERS_SAVE_DELAY);
    this.isOwn = false;
  }
}

/** What frames a view; practice has one of its own. */
let Frame = ItemFrame;
