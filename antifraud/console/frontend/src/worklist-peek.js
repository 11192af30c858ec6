// The preview: what the row itself carries, at once; the last entries of the case's log a moment later.
import { filled } from "./banner.js";
import { tick } from "./countdown.js";

const REST_MS = 60, KEPT_MS = 4000, MOST_KEPT = 40;
const pane = document.getElementById("peek"), inside = document.getElementById("peek-in"), latest = document.getElementById("latest");
const kept = new Map();
let timer = 0, asking = null;

/** Show a row, or nothing. */
export function showPeek(row) {
  clearTimeout(timer);
  asking?.abort();
  pane.toggleAttribute("data-empty", !row);
  latest.hidden = true;
  if (!row) { inside.replaceChildren(); return; }
  const isTask = row.dataset.source === "task" && !row.hasAttribute("data-gone");
  pane.dataset.owned = !isTask ? "" : row.hasAttribute("data-mine") ? "mine" : row.dataset.owner ? "other" : "free";
  pane.dataset.shelf = !isTask ? "" : row.dataset.group === "snoozed" ? "snoozed" : row.dataset.group === "late" ? "" : "awake";
  pane.toggleAttribute("data-remind", "request" in row.dataset);
  inside.replaceChildren(row.querySelector("template").content.cloneNode(true));
  inside.dataset.row = row.dataset.row;
  pane.querySelector('[data-field="verb"]').textContent = row.dataset.verb;
  pane.querySelector('[data-act="peek-do"]').href = row.querySelector(".open").href;
  const other = pane.querySelector('[data-field="other"]');
  other.textContent = filled(other.dataset.text, { who: row.dataset.ownerName });
  tick();
  if (pane.offsetParent === null) return;
  const address = `/cases/${encodeURIComponent(row.dataset.no)}/latest`, known = kept.get(address);
  if (known) fill(known.text);
  if (!known || performance.now() - known.at > KEPT_MS) timer = setTimeout(() => load(address), REST_MS);
}

async function load(address) {
  asking = new AbortController();
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, cache: "no-store", signal: asking.signal });
    if (!answer.ok) return;
    const text = await answer.text();
    kept.delete(address);
    kept.set(address, { text, at: performance.now() });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    fill(text);
  } catch { /* another row was chosen, or there is no network: the rest of the preview stands */ }
}

function fill(text) {
  const read = new DOMParser().parseFromString(text, "text/html").body;
  const total = latest.querySelector('[data-field="total"]');
  const number = read.querySelector("[data-total]")?.dataset.total;
  if (number) total.textContent = filled(total.dataset.all, { n: number });
  latest.querySelector(".body").replaceChildren(...read.childNodes);
  latest.hidden = false;
}
