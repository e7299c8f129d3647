// Expand prompt: the suggestion goes into the prompt and back without a round to the server, which does the same for
// a browser without scripts.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  // Counter and price follow what is put into the prompt as they follow what is typed there.
  function put(text) {
    const prompt = byId("f-prompt");
    prompt.value = text;
    prompt.dispatchEvent(new Event("input", { bubbles: true }));
    prompt.focus();
  }
  function show(state) {
    for (const part of document.querySelectorAll("#expand [data-expand]")) part.hidden = part.dataset.expand !== state;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#expand button[name='expand.do']");
    if (button?.value === "use") {
      event.preventDefault();
      byId("expand-before").value = byId("f-prompt").value;
      put(byId("expand-text").value.trim());
      show("used");
    } else if (button?.value === "undo") {
      event.preventDefault();
      put(byId("expand-before").value);
      show("offered");
    }
  });

  // A refusal is said in its place; only our own panel is taken for one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.id !== "expand" || xhr.status < 400 || !xhr.responseText.includes('id="expand"')) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
})();
