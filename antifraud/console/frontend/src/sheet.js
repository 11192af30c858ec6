// The keys of this page, by "?".
import { list } from "./keys.js";

const box = document.getElementById("keys"), body = document.getElementById("keys-list");

/** Open the list of keys. */
export function openKeys() {
  if (!box || box.open) return;
  const groups = { here: box.dataset.here, general: box.dataset.general };
  body.replaceChildren(...Object.entries(groups).flatMap(([group, title]) => {
    const entries = list().filter((entry) => entry.group === group);
    return entries.length ? [Object.assign(document.createElement("h3"), { textContent: title }), ...entries.map(row)] : [];
  }));
  box.showModal();
}

function row(entry) {
  const line = document.createElement("div");
  line.className = "keyrow";
  const keys = document.createElement("span");
  keys.append(...entry.shown.split(" ").map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
  line.append(Object.assign(document.createElement("span"), { textContent: entry.label }), keys);
  return line;
}
