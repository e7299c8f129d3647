// Expand prompt: the suggestion goes into the prompt and back without a round to the server, which does the same for
// a browser without scripts.
"use strict";

(() => {
  const part = (name) => document.querySelector(`#expand [data-expand-${name}]`);
  const prompt = () => document.getElementById("f-prompt");

  // Counter and price follow what is put into a field as what is typed there.
  function put(text) {
    prompt().value = text;
    prompt().dispatchEvent(new Event("input", { bubbles: true }));
    prompt().focus();
  }
  function show(used) {
    part("suggestion").hidden = used;
    part("used").hidden = !used;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-expand-use]")) {
      event.preventDefault();
      part("before").value = prompt().value;
      put(document.getElementById("expand-text").value.trim());
      show(true);
    } else if (event.target.closest("[data-expand-undo]")) {
      event.preventDefault();
      put(part("before").value);
      show(false);
    }
  });

  // A refusal is said in its place.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.id !== "expand" || xhr.status < 400 || !xhr.responseText.includes('id="expand"')) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
})();
