// A short word that something was done, with its undoing where there is one; Z undoes while it stands.
import { silhouette } from "./banner.js";
import { on } from "./keys.js";

const STANDS_MS = 10_000, WORD_MS = 5_000;
const place = document.getElementById("toasts");
let current = null;

/** Show a word; `undo` is called at most once, by the button or by Z. */
export function toast(text, { undo, look } = {}) {
  if (!place) return;
  const shown = document.createElement("div");
  shown.className = "toast";
  if (look) {
    shown.dataset.st = look;
    shown.append(silhouette(look));
  }
  shown.append(Object.assign(document.createElement("span"), { textContent: text }));
  const close = () => {
    clearTimeout(timer);
    shown.remove();
    if (current?.shown === shown) current = null;
  };
  const timer = setTimeout(close, undo ? STANDS_MS : WORD_MS);
  if (undo) {
    const once = () => { close(); undo(); };
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: `${place.dataset.undo} ` });
    button.append(Object.assign(document.createElement("kbd"), { textContent: "Z" }));
    button.addEventListener("click", once);
    shown.append(button);
    current = { shown, once };
  }
  place.append(shown);
  while (place.children.length > 4) place.firstElementChild.remove();
}

/** Begin: what the server wrote into the page goes away by itself, and Z undoes. */
export function startToasts() {
  for (const shown of place?.children ?? []) setTimeout(() => shown.remove(), STANDS_MS);
  on("KeyZ", () => current?.once(), { label: place?.dataset.undo, when: () => current !== null });
}
