// A model's form: rules between fields, a price that is never an old one, a draft that survives, the keyboard.
// What counts is what the server says; without this script all of it works by forms. Images: studio-images.js.
"use strict";

(() => {
  const form = document.getElementById("make");
  const rules = JSON.parse(document.getElementById("rules").textContent);
  const generate = document.getElementById("generate");
  const buy = form.querySelector(".buy");
  const fieldOf = (name) => form.querySelector(`[data-field="${name}"]`);
  const images = studioImages.count;
  const changed = () => form.dispatchEvent(new Event("change", { bubbles: true }));

  // --- rules between fields, from the same data that the server judges by --------------------------------------------
  const options = (name) => [...form.querySelectorAll(`input[type="radio"][name="${name}"], select[name="${name}"] option`)];
  const chosen = (option) => option.checked || option.selected;
  function valueOf(name) {
    const field = fieldOf(name);
    if (field.hasAttribute("data-off")) return "";
    if (field.dataset.kind === "images") return images(name) ? "given" : "";
    if (field.dataset.kind === "switch") return form.elements[name].checked ? "given" : "";
    return options(name).find(chosen)?.value ?? form.elements[name]?.value ?? "";
  }
  const applies = (rule) => (rule.values.length ? rule.values.includes(valueOf(rule.when)) : Boolean(valueOf(rule.when)));

  function judge() {
    for (const name of new Set(rules.map((rule) => rule.then))) {
      const field = fieldOf(name);
      const live = rules.filter((rule) => rule.then === name && applies(rule));
      const off = live.find((rule) => rule.items?.[1] === 0);
      field.toggleAttribute("data-off", Boolean(off));
      for (const one of field.querySelectorAll("fieldset, input, select, textarea")) if (!one.closest(".slots")) one.disabled = Boolean(off);
      const narrow = live.filter((rule) => rule.allowed.length);
      let [reason, wrong] = [off, null];
      for (const option of options(name)) {
        const bar = option.value && narrow.find((rule) => !rule.allowed.includes(option.value));
        if (bar) reason ??= bar;
        if (bar && chosen(option)) wrong = bar;
        option.disabled = Boolean(off) || Boolean(bar && !chosen(option));
      }
      for (const rule of live.filter((one) => one.maximum !== null)) {
        reason ??= rule;
        if (Number(form.elements[name].value) > rule.maximum) wrong = rule;
      }
      for (const rule of live.filter((one) => one.items?.[1])) {
        if (images(name) < rule.items[0]) reason ??= rule;
        if (images(name) > rule.items[1]) wrong = rule;
      }
      const help = document.getElementById(`h-${name}`);
      help.dataset.help ??= help.textContent;
      help.textContent = reason && !wrong ? `${reason.words}.` : help.dataset.help; // a fault says it once
      complain(name, wrong);
    }
  }

  function complain(name, rule) {
    const place = document.getElementById(`e-${name}`);
    if (!rule && !place.hasAttribute("data-own")) return;
    place.toggleAttribute("data-own", Boolean(rule));
    place.replaceChildren();
    if (rule) {
      const words = document.createElement("p");
      const value = rule.allowed[0] ?? rule.maximum;
      words.textContent = `${rule.words}. `;
      if (value !== null && value !== undefined) words.append(fixing(name, value));
      place.append(words);
    }
    mark(place);
  }

  function fixing(name, value) {
    const button = document.createElement("button");
    const label = options(name).find((option) => option.value === String(value))?.nextElementSibling?.textContent ?? value;
    [button.type, button.className, button.textContent] = ["button", "button quiet small", `Use ${label}`];
    button.addEventListener("click", () => { put(name, value); changed(); (options(name).find(chosen) ?? form.elements[name]).focus(); });
    return button;
  }

  function mark(place) {
    const control = place.closest(".slot, [data-field]")?.querySelector('textarea, select, input[type="text"]');
    if (place.childElementCount) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }

  function put(name, value) {
    const option = options(name).find((one) => one.value === String(value));
    if (option) option.checked = option.selected = true;
    else if (form.elements[name]?.type === "checkbox") form.elements[name].checked = value === true;
    else if (form.elements[name]) form.elements[name].value = value;
  }

  // --- the price ----------------------------------------------------------------------------------------------------
  let [now, asked, told, held] = [0, 0, "", false];
  const state = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "agreed" && !name.startsWith("expand.")).concat([["sending", studioImages.sending().join()]])).toString();

  function revise(event) {
    if (event?.target.dataset?.moves) document.getElementById(event.target.dataset.moves).value = event.target.value;
    for (const range of form.querySelectorAll("[data-moves]")) range.value = document.getElementById(range.dataset.moves).value;
    judge();
    keep();
    if (state() === told && !(held && event?.type === "change")) return;
    [told, held] = [state(), false];
    now += 1;
    buy.setAttribute("aria-busy", "true");
    form.dispatchEvent(new Event("revised"));
  }
  form.addEventListener("input", revise);
  form.addEventListener("change", revise);
  const ours = (event) => event.detail.elt?.id === "price";
  document.addEventListener("htmx:configRequest", (event) => {
    if (ours(event)) for (const name of studioImages.sending()) event.detail.parameters[name] = "sending";
  });
  document.addEventListener("htmx:beforeRequest", (event) => { if (ours(event)) asked = now; });
  document.addEventListener("htmx:afterOnLoad", (event) => { if (ours(event) && asked === now && event.detail.successful !== false) settle(true); });
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (!ours(event) || asked !== now) return;
      told = "";
      document.getElementById("total").textContent = "No price: the server did not answer";
      settle(false);
    });
  }

  // An answer says what is wrong with every field; not to somebody who is still writing there for the first time.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const place = event.detail.target;
    if (!place.matches("#make .error-text")) return;
    const writes = document.activeElement.matches('textarea, input[type="text"]') && place.closest(".slot, [data-field]")?.contains(document.activeElement);
    const waits = writes && !place.childElementCount && event.detail.fragment.textContent.trim() !== "";
    if (waits) held = true;
    if (waits || place.hasAttribute("data-own")) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => { if (event.detail.target.matches("#make .error-text")) mark(event.detail.target); });

  buy.addEventListener("click", (event) => {
    const button = event.target.closest("[data-changes]");
    if (!button) return;
    event.preventDefault();
    for (const [name, value] of Object.entries(JSON.parse(button.dataset.changes))) put(name, value);
    generate.focus();
    changed();
  });

  // --- sending ------------------------------------------------------------------------------------------------------
  let waiting = null;
  form.addEventListener("submit", (event) => {
    const stop = () => { event.preventDefault(); event.stopImmediatePropagation(); };
    if (event.submitter?.value === "price") stop(); // Enter in a line: the price is there already
    else if (event.submitter?.value === "make" && !complete()) stop();
    else if (unready()) {
      stop();
      if (waiting) return;
      waiting = { button: event.submitter, words: event.submitter.textContent };
      waiting.button.textContent = studioImages.sending().length ? "Waiting for the upload…" : "Working out the price…";
      waiting.button.setAttribute("aria-busy", "true");
    }
  });

  // A press goes on with the price that stands there when images and price have come, and not at all when one failed.
  const unready = () => studioImages.sending().length > 0 || buy.hasAttribute("aria-busy");
  form.addEventListener("settled", ({ detail: well }) => proceed(well));
  function settle(well) {
    buy.removeAttribute("aria-busy");
    proceed(well);
  }
  function proceed(well) {
    if (!waiting || (well && unready())) return;
    const { button, words } = waiting;
    waiting = null;
    button.textContent = words;
    button.removeAttribute("aria-busy");
    if (well) form.requestSubmit(button);
  }

  function complete() {
    const field = [...form.querySelectorAll("[data-field]")].find((one) => {
      const place = document.getElementById(`e-${one.dataset.field}`);
      if (place.hasAttribute("data-own")) return true;
      const empty = one.dataset.kind === "images" ? images(one.dataset.field) === 0 : one.dataset.kind === "textarea" && !form.elements[one.dataset.field].value.trim();
      if (!one.hasAttribute("data-required") || !empty) return false;
      place.replaceChildren(Object.assign(document.createElement("p"), { textContent: `${one.dataset.title} is required` }));
      mark(place);
      return true;
    });
    const first = field?.dataset.kind === "images" ? '.slot[data-state="empty"] input[type="file"]' : 'textarea, input:not([type="radio"], [type="range"]), input[type="radio"]:checked';
    field?.querySelector(first)?.focus();
    return !field;
  }

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      if (!generate.disabled) form.requestSubmit(generate);
    } else if ((key === "ArrowUp" || key === "ArrowDown") && target.dataset?.steps) {
      event.preventDefault();
      const { steps, from, to } = target.dataset;
      const next = (Number(target.value) || 0) + (key === "ArrowUp" ? 1 : -1) * Number(steps);
      target.value = String(Math.min(Math.max(Number(next.toFixed(6)), Number(from)), Number(to)));
      changed();
    }
  });

  // --- the draft: what stands in a form outlives a lost session, a closed model and a step back ----------------------
  function snapshot() {
    const plain = [...form.elements].filter((one) => one.name && !one.closest(".slots") && !["hidden", "submit", "radio"].includes(one.type) || one.checked && one.type === "radio");
    return JSON.stringify({ lists: studioImages.kept(), plain: plain.map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]) });
  }
  const drawer = `draft.${form.dataset.draft}`;
  const keep = () => sessionStorage.setItem(drawer, snapshot());

  document.addEventListener("DOMContentLoaded", () => {
    const fresh = new URLSearchParams(location.search).has("fresh");
    const draft = sessionStorage.getItem(drawer);
    if (fresh) {
      sessionStorage.removeItem(drawer);
      history.replaceState(null, "", location.pathname);
    } else if (draft && !("filled" in form.dataset) && draft !== snapshot()) {
      const { lists, plain } = JSON.parse(draft);
      for (const [name, value] of plain) put(name, value);
      studioImages.restore(lists);
      document.querySelectorAll(".start").forEach((one) => { one.hidden = one.id !== "draft"; });
      form.querySelectorAll("[data-count]").forEach((one) => one.dispatchEvent(new Event("input", { bubbles: true })));
      revise();
      return;
    }
    told = state();
    judge();
    keep();
  });
})();
