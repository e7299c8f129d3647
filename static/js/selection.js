// The bar of the history: shown while something is selected. Without scripts it always stands there.
"use strict";

const chosen = new Set(); // ids: a card that is drawn anew keeps its mark
let last = null;
const boxes = () => [...document.querySelectorAll('input[name="row"][form="selection"]')];

function tell() {
  const bar = document.getElementById("selection");
  if (!bar) return;
  const count = chosen.size;
  bar.classList.toggle("chosen", count > 0);
  document.getElementById("selected").textContent = count > 100 ? `${count} selected: at most 100 at once` : `${count} selected`;
}

function mark(box, on) {
  box.checked = on;
  chosen[on ? "add" : "delete"](box.value);
}

function clear() {
  boxes().forEach((box) => mark(box, false));
  chosen.clear();
  tell();
}

// With shift, everything between the last box and this one too.
document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.name !== "row") return;
  const all = boxes(), from = all.indexOf(last), to = all.indexOf(box);
  mark(box, box.checked);
  if (event.shiftKey && from >= 0) all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => mark(each, box.checked));
  last = box;
  tell();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#select-all")) { boxes().forEach((box) => mark(box, true)); tell(); }
  if (event.target.closest("#select-none")) clear();
});
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Enter" && field?.name === "row") event.preventDefault(); // a box sends nothing
  if (event.key === "Escape" && chosen.size && (!field || field.name === "row") && !document.querySelector("dialog[open]")) clear();
});

// What came anew, and what a browser remembers after "back".
document.addEventListener("htmx:afterSettle", () => { boxes().forEach((box) => { box.checked = chosen.has(box.value); }); tell(); });
window.addEventListener("pageshow", () => { boxes().forEach((box) => mark(box, box.checked)); tell(); });
