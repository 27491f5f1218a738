// All that a question sends of its view: which one it is.

const CODE_DELAY = 5000;
const NO_CODE = "This question cannot be shown: the kernel does not answer. Run the first cell and this one again.";

async function render({ model, el }) {
  model.widget_manager?.get_model?.(model.get("library")); // some front ends load a model on demand only
  const late = setTimeout(() => (el.textContent = NO_CODE), CODE_DELAY);
  const views = await shelf.views;
  clearTimeout(late);
  el.replaceChildren();
  return views[VIEW].render({ model, el });
}

export default { render };
