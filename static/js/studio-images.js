// The images of the studio's form: each is stored as it is chosen, dropped or pasted, and its slot holds the upload's
// id. Without this script a slot is a file and an address, sent with the form.
"use strict";

const studioImages = (() => {
  const form = document.getElementById("make");
  const boxes = [...form.querySelectorAll(".slots")];
  const TYPES = ["image/jpeg", "image/png", "image/webp"];
  const sending = new Map(); // slot -> its request under way
  const nameOf = (box) => box.closest("[data-field]").dataset.field;
  const slotsOf = (box) => [...box.querySelectorAll(".slot")];
  const part = (slot, selector) => slot.querySelector(selector);
  const address = (slot) => part(slot, 'input[type="text"]');
  const filled = (slot) => slot.dataset.state !== "empty";
  const changed = () => form.dispatchEvent(new Event("change", { bubbles: true }));
  const settled = (well) => form.dispatchEvent(new CustomEvent("settled", { detail: well }));

  function show(slot, state, { note = "", picture = "", url = "" } = {}) {
    slot.dataset.state = state;
    slot.dataset.url = url;
    const line = part(slot, ".slot-note");
    line.textContent = note || (state === "empty" ? line.dataset.hint : "");
    part(slot, ".slot-progress").hidden = state !== "busy";
    part(slot, ".slot-picture img")?.remove();
    const source = picture || url;
    if (!source) return;
    const image = new Image();
    image.alt = part(slot, ".slot-which").textContent;
    image.onerror = () => image.remove();
    image.draggable = false;
    image.src = source;
    part(slot, ".slot-picture").append(image);
  }

  function hold(slot, { id, url = "", note = "", picture = "" }) {
    address(slot).value = id;
    show(slot, id.startsWith("upl_") ? "stored" : id ? "address" : "empty", { note, url, picture });
  }

  // Filled slots stand first, in their order, and one empty one follows; names and labels count from the top.
  function arrange(box) {
    const base = nameOf(box);
    const slots = slotsOf(box).sort((one, other) => filled(other) - filled(one));
    const focused = box.contains(document.activeElement) ? document.activeElement : null;
    slots.forEach((slot, place) => {
      if (slotsOf(box)[place] !== slot) box.insertBefore(slot, slotsOf(box)[place]);
      if (slots.length > 1) rename(slot, `${base}.${place}`, `Image ${place + 1}`);
      slot.hidden = place > slots.filter(filled).length;
      part(slot, ".slot-picture").draggable = slots.length > 1 && filled(slot);
    });
    focused?.focus();
  }

  function rename(slot, name, label) {
    const [file, text] = [part(slot, 'input[type="file"]'), address(slot)];
    [file.name, file.id, text.name, text.id] = [`${name}.file`, `file-${name}`, name, `f-${name}`];
    text.setAttribute("aria-describedby", `e-${name}`);
    part(slot, ".slot-choose label").htmlFor = file.id;
    part(slot, ".slot-address label").htmlFor = text.id;
    part(slot, ".error-text").id = `e-${name}`;
    for (const word of slot.querySelectorAll(".slot-which")) word.textContent = label;
    for (const one of slot.querySelectorAll("[aria-label]")) one.ariaLabel = one.ariaLabel.replace(/Image \d+/, label);
  }

  const tell = (box, words) => { box.parentElement.querySelector(".slots-said").textContent = words.join(" "); };
  const megabytes = (bytes) => `${Math.ceil(bytes / 1024 / 102.4) / 10} MB`;

  function refusal(file, most) {
    if (!TYPES.includes(file.type)) return `“${file.name}” cannot be used: it is no JPEG, PNG or WebP.`;
    if (file.size > most) return `“${file.name}” cannot be used: it has ${megabytes(file.size)}, an image has at most ${megabytes(most)}.`;
    return "";
  }

  function take(box, files) {
    if (!files.length || box.matches("fieldset:disabled *")) return;
    const slots = slotsOf(box);
    if (slots.length === 1 && filled(slots[0])) clear(slots[0]); // another image for the same place
    const room = slots.filter((slot) => !filled(slot));
    const words = [];
    let left = 0;
    for (const file of files) {
      const why = refusal(file, Number(box.dataset.mostBytes));
      if (why) words.push(why);
      else if (room.length) send(box, room.shift(), file);
      else left += 1;
    }
    if (left) words.push(`${left} more did not fit: ${slots.length === 1 ? "there is room for one image" : `at most ${slots.length} images fit`} here.`);
    tell(box, words);
    arrange(box);
    changed();
  }

  function send(box, slot, file) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    const bar = part(slot, ".slot-progress");
    body.append("file", file);
    sending.set(slot, request);
    bar.value = 0;
    show(slot, "busy", { note: `Uploading ${file.name}` });
    const reader = new FileReader();
    reader.onload = () => { if (filled(slot)) show(slot, slot.dataset.state, { note: part(slot, ".slot-note").textContent, picture: reader.result, url: slot.dataset.url }); };
    reader.readAsDataURL(file);
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = (event.loaded / event.total) * 100; };
    request.upload.onload = () => { bar.removeAttribute("value"); part(slot, ".slot-note").textContent = `Checking ${file.name}`; };
    request.onload = () => {
      const answer = request.response;
      if (request.status === 201 && answer) {
        hold(slot, { ...answer, note: `${file.name}, ${answer.note}`, picture: part(slot, "img")?.src ?? "" });
        document.getElementById("said").textContent = `${file.name} is stored.`;
      } else fail(answer?.detail ?? `“${file.name}” was not stored. If you were signed out, sign in again in another tab, then choose it once more.`);
    };
    request.onerror = () => fail(`“${file.name}” was not stored: the connection broke. Choose it once more.`);
    request.onloadend = () => {
      sending.delete(slot);
      arrange(box);
      changed();
      if (!sending.size) settled(true);
    };
    function fail(words) {
      hold(slot, { id: "" });
      tell(box, [words]);
      settled(false);
    }
    request.responseType = "json";
    request.open("POST", form.dataset.uploads);
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.send(body);
  }

  function clear(slot) {
    sending.get(slot)?.abort();
    hold(slot, { id: "" });
    part(slot, 'input[type="file"]').value = "";
  }

  let dragged = null; // the slot that is being moved
  for (const box of boxes) {
    box.append(...box.querySelectorAll(".more .slot"));
    box.querySelector(".more")?.remove();
    for (const slot of slotsOf(box)) if (!filled(slot)) show(slot, "empty");
    for (const image of box.querySelectorAll("img")) {
      image.draggable = false;
      image.closest(".slot").dataset.url = image.getAttribute("src");
    }
    box.addEventListener("change", (event) => {
      const slot = event.target.closest(".slot");
      if (event.target.type === "file") {
        take(box, [...event.target.files]);
        event.target.value = "";
      } else if (slot) {
        hold(slot, { id: event.target.value.trim() });
        arrange(box);
      }
    });
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-slot-do]");
      if (!button) return;
      const slot = button.closest(".slot");
      const near = { up: slot.previousElementSibling, down: slot.nextElementSibling }[button.dataset.slotDo];
      if (button.dataset.slotDo === "remove") clear(slot);
      else if (near && filled(near)) (button.dataset.slotDo === "up" ? near.before(slot) : near.after(slot));
      tell(box, []);
      arrange(box);
      changed();
      (slot.dataset.state === "empty" ? part(slot, 'input[type="file"]') : button).focus();
    });
    box.addEventListener("dragstart", (event) => {
      dragged = event.target.closest(".slot");
      event.dataTransfer.setData("text/plain", "");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setDragImage(dragged, 0, 0);
    });
    box.addEventListener("dragover", (event) => {
      const over = event.target.closest(".slot");
      if (!dragged || !over || over === dragged || !filled(over) || !box.contains(dragged)) return;
      event.preventDefault();
      const { top, height } = over.getBoundingClientRect();
      if (event.clientY < top + height / 2) over.before(dragged);
      else over.after(dragged);
    });
    box.addEventListener("dragend", () => {
      dragged = null;
      arrange(box);
      changed();
    });
    box.parentElement.addEventListener("click", (event) => {
      const button = event.target.closest("[data-upload]");
      const slot = button && slotsOf(box).find((one) => !filled(one));
      if (!button) return;
      tell(box, slot ? [] : ["There is no room for another image here. Remove one first."]);
      if (slot) hold(slot, { id: button.dataset.upload, url: button.dataset.url, note: button.dataset.note });
      arrange(box);
      changed();
    });
    arrange(box);
  }

  // A file that is dropped beside a place for it does not take the page away; it goes to the first one with room.
  const boxFor = (target) => target.closest?.("[data-field]")?.querySelector(".slots") ?? boxes.find((box) => slotsOf(box).some((slot) => !filled(slot))) ?? boxes[0];
  const brings = (event) => !dragged && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    boxes.forEach((box) => box.classList.toggle("over", box === boxFor(event.target)));
  });
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => boxes.forEach((box) => box.classList.remove("over")));
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    if (boxes.length) take(boxFor(event.target), [...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    const writes = event.target.matches?.("textarea, input") && event.clipboardData.types.includes("text/plain");
    if (!files.length || writes || !boxes.length) return;
    event.preventDefault();
    take(boxFor(event.target), files);
  });

  // For the rest of the form: how many images a field has, and what a draft keeps of them.
  const boxOf = (name) => boxes.find((box) => nameOf(box) === name);
  return {
    sending: () => [...sending.keys()].map((slot) => part(slot, 'input[type="file"]').name),
    count: (name) => slotsOf(boxOf(name)).filter(filled).length,
    kept: () => Object.fromEntries(boxes.map((box) => [nameOf(box), slotsOf(box).filter((slot) => address(slot).value).map((slot) => ({ id: address(slot).value, url: slot.dataset.url, note: part(slot, ".slot-note").textContent }))])),
    restore: (lists) => boxes.forEach((box) => {
      slotsOf(box).forEach((slot, place) => hold(slot, lists[nameOf(box)]?.[place] ?? { id: "" }));
      arrange(box);
    }),
  };
})();
