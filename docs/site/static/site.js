// What the theme leaves to the mouse, for those who use a keyboard or have the page read out.

const SCROLLERS = "pre, .formula, .cell_output .output, .table-wrapper";
const DRAWERS = [
  ["Pages of the course", ".sidebar-drawer", ".nav-overlay-icon"],
  ["Contents of this page", ".toc-drawer", ".toc-overlay-icon"],
];

/** What scrolls sideways is a stop of Tab; what does not is none. */
function letKeysScroll() {
  for (const box of document.querySelectorAll(SCROLLERS)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

/** On a narrow page a label opens a drawer by its check box, which no key reaches: make it a button. */
function makeButton(label, name) {
  const box = document.getElementById(label.htmlFor);
  const button = document.createElement("button");
  const tell = () => button.setAttribute("aria-expanded", String(box.checked));
  button.type = "button";
  button.className = label.className;
  button.setAttribute("aria-label", name);
  button.append(...label.childNodes);
  button.addEventListener("click", () => box.click());
  box.addEventListener("change", tell);
  tell();
  label.replaceWith(button);
}

for (const [name, drawer, switches] of DRAWERS) {
  document.querySelector(drawer)?.setAttribute("aria-label", name);
  for (const label of document.querySelectorAll(`label${switches}`)) makeButton(label, name);
}
addEventListener("load", letKeysScroll);
addEventListener("resize", letKeysScroll);

// A page that was opened as a file cannot read another one, to show where a word was found in it.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
