// Where a page keeps the views of all questions. Their code comes once, by a model of its own, and
// not with every question; whoever comes first, a question or that model, puts up the shelf.

const shelf = (globalThis[Symbol.for(SHELF)] ??= openShelf());

function openShelf() {
  let fill;
  const views = new Promise((done) => (fill = done));
  return { fill, views };
}
