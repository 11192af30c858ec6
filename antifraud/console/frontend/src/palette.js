// Find or command: rooms, keys of this page, and a case by its number.
import { list } from "./keys.js";

const box = document.getElementById("palette"), field = document.getElementById("palette-field"), items = document.getElementById("palette-list");
let shown = [], at = 0;

/** Open the palette. */
export function openPalette() {
  if (!box || box.open) return;
  field.value = "";
  fill();
  box.showModal();
  field.focus();
}

function offers(text) {
  const wanted = text.trim().toLowerCase();
  const rooms = [...document.querySelectorAll(".rail a[data-label]")].map((link) => ({ label: link.dataset.label, shown: `G ${link.dataset.go}`, act: () => { location.href = link.href; } }));
  const keys = list().filter((entry) => !entry.code.includes(" ")).map((entry) => ({ label: entry.label, shown: entry.shown, act: () => entry.handler(new KeyboardEvent("keydown")) }));
  const found = [...rooms, ...keys].filter((one) => one.label.toLowerCase().includes(wanted));
  if (/\d{2,}/.test(wanted)) found.unshift({ label: field.dataset.case.replace("{no}", text.trim()), act: () => { location.href = `/cases/${encodeURIComponent(text.trim().toUpperCase())}`; } });
  return found;
}

function fill() {
  shown = offers(field.value);
  at = 0;
  items.replaceChildren(...(shown.length ? shown.map(line) : [Object.assign(document.createElement("li"), { className: "muted", textContent: field.dataset.none })]));
  mark();
}

function line(one, index) {
  const item = document.createElement("li");
  item.id = `palette-${index}`;
  item.setAttribute("role", "option");
  item.append(Object.assign(document.createElement("span"), { className: "grow", textContent: one.label }));
  if (one.shown) item.append(...one.shown.split(" ").map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
  item.addEventListener("click", () => choose(index));
  return item;
}

function mark() {
  for (const [index, item] of [...items.children].entries()) if (item.id) item.setAttribute("aria-selected", String(index === at));
  field.setAttribute("aria-activedescendant", shown.length ? `palette-${at}` : "");
  items.children[at]?.scrollIntoView({ block: "nearest" });
}

function choose(index) {
  const one = shown[index];
  if (!one) return;
  box.close();
  one.act();
}

/** Begin. */
export function startPalette() {
  if (!box) return;
  document.querySelectorAll('[data-act="palette"]').forEach((button) => button.addEventListener("click", openPalette));
  field.addEventListener("input", fill);
  box.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); choose(at); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = Math.max(0, Math.min(shown.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
      mark();
    }
  });
}
