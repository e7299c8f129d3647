// Small helps for pages that work without them. No inline scripts, nothing from other hosts.
"use strict";

// What is only for browsers without scripts is not shown here.
document.documentElement.classList.add("scripts");

// Counters and sliders say their value.
function tell(field) {
  if (field.dataset.count) {
    const count = [...field.value.replace(/\r\n/g, "\n")].length;
    const counter = document.getElementById(field.dataset.count);
    counter.textContent = `${count} of ${field.dataset.most} characters`;
    counter.classList.toggle("over", count > Number(field.dataset.most));
  }
  if (field.dataset.shows) document.getElementById(field.dataset.shows).value = field.value;
}
document.addEventListener("input", (event) => tell(event.target));

// Writing into a field picks the choice that it belongs to; another choice empties it again.
document.addEventListener("input", (event) => {
  const { picks, clears } = event.target.dataset;
  if (picks && event.target.value) document.getElementById(picks).checked = true;
  if (clears) document.getElementById(clears).value = "";
});

// A form that is being sent says so, and is not sent twice. After "back" it can be used again.
const idle = new Map();
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!event.target.dataset.busy || !button) return;
  setTimeout(() => {
    idle.set(button, button.textContent);
    button.textContent = event.target.dataset.busy;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  });
});
window.addEventListener("pageshow", () => {
  for (const [button, text] of idle) {
    button.textContent = text;
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
  idle.clear();
  document.querySelectorAll("[data-count], [data-shows]").forEach(tell);
});

// On a narrow screen the tab of this page is not the one that is cut off.
document.addEventListener("DOMContentLoaded", () => document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest" }));

// What went wrong is read first.
document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());

// A page that nobody looks at asks nothing; a server that does not answer is said calmly.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
});
const offline = (gone) => () => { document.getElementById("offline").hidden = !gone; };
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, offline(true));
document.addEventListener("htmx:afterOnLoad", offline(false));

// The menu closes by Escape and by a click elsewhere.
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  const menu = document.querySelector(".menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});

// What is shown once can be copied with one press; without scripts the text is there to be selected.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    document.getElementById("said").textContent = (button.querySelector("span") ?? button).textContent = "Copied";
  } catch { // no clipboard here: it is selected instead
    getSelection().selectAllChildren(source);
  }
});

// What went well floats for a while at the foot of the page; without scripts it stands at its top. Reading stops it.
const SHOWN = 8000; // milliseconds
function float(toast) {
  document.getElementById("toasts").append(toast);
  let rest = setTimeout(() => toast.remove(), SHOWN);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(rest));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, () => { rest = setTimeout(() => toast.remove(), SHOWN / 2); });
}
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("main [data-toast]").forEach(float));
document.addEventListener("htmx:load", (event) => event.detail.elt.querySelectorAll?.("[data-toast]").forEach(float));
document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]").remove());

// A link or button with data-dialog opens that dialog over the page; a press beside it closes it.
document.addEventListener("click", (event) => {
  const dialog = document.getElementById(event.target.closest("[data-dialog]")?.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  } else if (event.target.matches?.("dialog")) event.target.close();
});
