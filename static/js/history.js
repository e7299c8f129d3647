// The history: appending older rows, one live request, films on hover, and keys. The page works without any of it.
"use strict";

const rows = () => document.getElementById("rows");
const field = () => document.getElementById("filter-q");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// One request asks for all rows that are open, every 3 s; further apart while the server does not answer.
const EVERY = 3000, SLOWEST = 30000, MOST = 100; // milliseconds, rows
let pause = EVERY;
function look() {
  const open = [...document.querySelectorAll(".is-open")];
  if (open.length && !document.hidden) {
    if (open.length > MOST) nearest(open);
    htmx.trigger("#live", "look");
  }
  setTimeout(look, pause);
}
// Of more than can be asked for at once, those around what is seen.
function nearest(open) {
  const middle = innerHeight / 2;
  const far = (input) => Math.abs(input.closest("[id^=row-]").getBoundingClientRect().top - middle);
  const sorted = open.map((input) => [far(input), input]).sort((a, b) => a[0] - b[0]);
  sorted.forEach(([, input], place) => { input.disabled = place >= MOST; });
}
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => { if (event.target.id === "live") pause = Math.min(pause * 2, SLOWEST); });
}
document.addEventListener("htmx:afterOnLoad", (event) => { if (event.target.id === "live") pause = EVERY; });
document.addEventListener("DOMContentLoaded", () => setTimeout(look, EVERY));
// Who comes back to the tab sees at once how things stand.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && document.querySelector(".is-open")) htmx.trigger("#live", "look");
});

// Older rows come when somebody scrolls near the end; never more than one page ahead, and none before a scroll.
const NEAR = 600; // pixels
function more() {
  const link = document.querySelector("#older a");
  if (link && link.getBoundingClientRect().top < innerHeight + NEAR) htmx.trigger(link, "more");
}
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; more(); });
}, { passive: true });
let before = -1;
document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.target.id === "rows") before = rows().children.length; });
document.addEventListener("htmx:afterSettle", (event) => { // once for each new row
  if (event.detail.target.id !== "rows" || before < 0) return;
  const first = rows().children[before];
  document.getElementById("said").textContent = `${rows().children.length - before} older shown.`;
  before = -1;
  // Who pressed the link goes on with the first of what it brought.
  if (document.activeElement === document.body) first?.querySelector(".tile-link").focus({ preventScroll: true });
});

// Back from a generation: where the browser kept no page, the address brings the page of that row, and the row.
document.addEventListener("click", (event) => {
  const row = event.target.closest("a.tile-link")?.closest("[id^=row-]");
  if (!row || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  let first = row;
  while (!first.dataset.page && first.previousElementSibling) first = first.previousElementSibling;
  history.scrollRestoration = "manual";
  history.replaceState(history.state, "", `${first.dataset.page}#${row.id}`);
});
document.addEventListener("DOMContentLoaded", () => {
  const row = location.hash.startsWith("#row-") && document.getElementById(location.hash.slice(1));
  if (!row) return;
  row.scrollIntoView({ block: "center" });
  row.querySelector(".tile-link").focus({ preventScroll: true });
});

// A film plays while its row is pointed at or has the focus: muted, again and again, and nothing of it before.
const DELAY = 150; // milliseconds
let playing = null, soon = 0;
function stop() {
  clearTimeout(soon);
  if (!playing) return;
  const film = playing;
  playing = null;
  film.pause();
  film.remove();
  film.removeAttribute("src");
  film.load(); // ends the download
}
function start(row) {
  const media = row?.querySelector("[data-film]");
  if (playing && media?.contains(playing)) return;
  stop();
  if (!media || calm.matches || navigator.connection?.saveData) return;
  soon = setTimeout(() => {
    const film = Object.assign(document.createElement("video"), { muted: true, loop: true, playsInline: true, src: media.dataset.film });
    film.setAttribute("aria-hidden", "true");
    film.tabIndex = -1;
    playing = film;
    media.append(film);
    film.addEventListener("playing", () => film.classList.add("plays"), { once: true });
    film.play().catch(stop); // a browser that plays nothing by itself keeps the picture
  }, DELAY);
}
const rowOf = (node) => node instanceof Element ? node.closest("[id^=row-]") : null;
document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch" && rowOf(event.target) !== rowOf(event.relatedTarget)) start(rowOf(event.target));
});
document.addEventListener("pointerout", (event) => {
  if (event.pointerType !== "touch" && rowOf(event.target) && rowOf(event.target) !== rowOf(event.relatedTarget)) stop();
});
document.addEventListener("focusin", (event) => { if (event.target.matches(".tile-link:focus-visible")) start(rowOf(event.target)); });
document.addEventListener("focusout", (event) => { if (event.target.matches(".tile-link")) stop(); });
document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); });
addEventListener("pagehide", stop);

// "/" goes to the search, j and k from row to row, x chooses a row.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog, [contenteditable]")) return;
  if (event.key === "/") {
    event.preventDefault();
    field().focus();
    field().select();
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("#rows .tile-link")];
    const at = links.indexOf(rowOf(document.activeElement)?.querySelector(".tile-link"));
    const next = links[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
    next?.focus();
  } else if (event.key === "x") {
    rowOf(document.activeElement)?.querySelector("input[name=row]").click();
  }
});

// Empty filters do not stand in the address.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filters") return;
  const empty = [...event.target.elements].filter((each) => each.name && !each.value);
  for (const each of empty) each.disabled = true;
  addEventListener("pageshow", () => { for (const each of empty) each.disabled = false; }, { once: true });
});

// The bar of what is selected: shown while something is. Without scripts it always stands there.
const chosen = new Set(); // ids: a card that is drawn anew keeps its mark
let last = null;
const boxes = () => [...document.querySelectorAll('input[name="row"][form="selection"]')];

function tellSelected() {
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

function clearSelected() {
  boxes().forEach((box) => mark(box, false));
  chosen.clear();
  tellSelected();
}

// With shift, everything between the last box and this one too.
document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.name !== "row") return;
  const all = boxes(), from = all.indexOf(last), to = all.indexOf(box);
  mark(box, box.checked);
  if (event.shiftKey && from >= 0) all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => mark(each, box.checked));
  last = box;
  tellSelected();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#select-all")) { boxes().forEach((box) => mark(box, true)); tellSelected(); }
  if (event.target.closest("#select-none")) clearSelected();
});
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Enter" && field?.name === "row") event.preventDefault(); // a box sends nothing
  if (event.key === "Escape" && chosen.size && (!field || field.name === "row") && !document.querySelector("dialog[open]")) clearSelected();
});

// What came anew, and what a browser remembers after "back".
document.addEventListener("htmx:afterSettle", () => { boxes().forEach((box) => { box.checked = chosen.has(box.value); }); tellSelected(); });
window.addEventListener("pageshow", () => { boxes().forEach((box) => mark(box, box.checked)); tellSelected(); });
