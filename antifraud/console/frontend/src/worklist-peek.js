// The preview: what the row itself carries, at once; the last entries of the case's log a moment later.
import { filled } from "./banner.js";
import { tick } from "./countdown.js";

const REST_MS = 60, KEPT_MS = 4000, MOST_KEPT = 40;
const pane = document.getElementById("peek"), inside = document.getElementById("peek-in");
const kept = new Map();
let timer = 0, asking = null;

/** Show a row, or nothing. */
export function showPeek(row) {
  clearTimeout(timer);
  asking?.abort();
  if (!row) { inside.replaceChildren(); return; }
  pane.dataset.owned = row.hasAttribute("data-mine") ? "mine" : row.dataset.owner ? "other" : "free";
  inside.replaceChildren(row.querySelector("template").content.cloneNode(true));
  inside.dataset.row = row.dataset.row;
  tick();
  const card = inside.querySelector("[data-latest]");
  if (!card || pane.offsetParent === null) return;
  const known = kept.get(card.dataset.latest);
  if (known) fill(card, known.text);
  if (!known || performance.now() - known.at > KEPT_MS) timer = setTimeout(() => load(card), REST_MS);
}

async function load(card) {
  asking = new AbortController();
  try {
    const answer = await fetch(card.dataset.latest, { headers: { "X-Requested-With": "fetch" }, cache: "no-store", signal: asking.signal });
    if (!answer.ok) return;
    const text = await answer.text();
    kept.delete(card.dataset.latest);
    kept.set(card.dataset.latest, { text, at: performance.now() });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    if (card.isConnected) fill(card, text);
  } catch { /* another row was chosen, or there is no network: the rest of the preview stands */ }
}

function fill(card, text) {
  const read = new DOMParser().parseFromString(text, "text/html").body;
  const total = card.querySelector('[data-field="total"]');
  const number = read.querySelector("[data-total]")?.dataset.total;
  if (number) total.textContent = filled(total.dataset.all, { n: number });
  card.querySelector(".body").replaceChildren(...read.childNodes);
  card.hidden = false;
}
