// Rows of the list: while the hand is on it digits and words may change, but nothing comes, goes or moves.
import { filled } from "./banner.js";
import { tick } from "./countdown.js";
import { showPeek } from "./worklist-peek.js";

const KEY_MS = 3000, KEPT_MS = 220, IDLE_MS = 30_000, LOOK_MS = 250, JITTER_MS = 80, AT_TOP = 8;
const root = document.getElementById("worklist");
const words = root.dataset;
const list = document.getElementById("list");
const scroller = document.getElementById("scroll");
const pill = document.getElementById("newpill");
const bulk = document.getElementById("bulk");
const rows = () => document.getElementById("rows");

let chosenId = null, pointerIn = false, lastKey = -Infinity;
let waiting = null; // the order that is taken in when the hand is off
let etag = null, pages = 1, isAsking = false, askAgain = false, timer = 0;

// -- which row

/** The row that an element stands in. */
export const rowOf = (element) => element.closest?.("li.task") ?? null;
const rowById = (id) => (id ? document.getElementById(`row-${id}`) : null);
const all = () => [...rows().querySelectorAll("li.task")].filter((row) => row.offsetParent !== null);

/** The row that keys act on. */
export const chosen = () => rowById(chosenId);
/** Whether the focus is on a row. */
export const isHeld = () => list.contains(document.activeElement);
/** Whether the focus is on something like that. */
export const active = (selector) => document.activeElement?.matches?.(selector) ?? false;

/** Choose a row; the preview shows it at once, from what the row carries. */
export function select(row, { focus = false } = {}) {
  if (!row) return;
  const before = chosen();
  if (before && before !== row) {
    before.removeAttribute("data-selected");
    before.querySelector(".open").removeAttribute("aria-current");
    before.querySelector(".open").tabIndex = -1;
  }
  chosenId = row.dataset.row;
  row.setAttribute("data-selected", "");
  const link = row.querySelector(".open");
  link.setAttribute("aria-current", "true");
  link.tabIndex = 0;
  if (focus) {
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  if (before !== row || document.getElementById("peek-in").dataset.row !== row.dataset.row) showPeek(row);
}

/** Go down or up by so many rows. */
export function step(by) {
  lastKey = performance.now();
  const shown = all(), at = shown.indexOf(chosen());
  const next = shown[Math.max(0, Math.min(shown.length - 1, at < 0 ? 0 : at + by))];
  if (next) select(next, { focus: true });
}

/** Show at once what the server has just said: the row is mine; the next reading brings the same. */
export function own(id) {
  const row = rowById(id);
  if (!row) return;
  row.dataset.owner = words.person;
  row.querySelector('[data-part="owner"]').replaceChildren(document.getElementById("my-av").content.cloneNode(true));
  mark(row);
  if (id === chosenId) showPeek(row);
}

// -- several rows at once

/** The tasks that are selected for an act on all of them. */
export const picked = () => [...rows().querySelectorAll('input[data-act="pick"]:checked')].map((box) => box.value);

/** Select a row, or no longer. */
export function pickToggle(row) {
  const box = row?.querySelector('input[data-act="pick"]');
  if (!box) return;
  box.checked = !box.checked;
  showPicked();
}

/** Select none. */
export function pickNone() {
  for (const box of rows().querySelectorAll('input[data-act="pick"]:checked')) box.checked = false;
  showPicked();
}

function showPicked() {
  const number = picked().length;
  bulk.hidden = number === 0;
  list.classList.toggle("picking", number > 0);
  bulk.querySelector('[data-field="picked"]').textContent = filled(words.picked, { n: number });
}

// -- the hand

function isFrozen() {
  const inMenu = document.querySelector("dialog[open], details.menu[open]") !== null || active("#bulk select");
  return pointerIn || inMenu || (isHeld() && performance.now() - lastKey < KEY_MS);
}

/** Take in what has gathered, in the right order. */
export function take() {
  if (waiting) order(waiting);
}

/** Show or hide what is due later. */
export function unfold(open = rows().hasAttribute("data-folded")) {
  rows().toggleAttribute("data-folded", !open);
  rows().querySelector('[data-act="fold"]')?.setAttribute("aria-expanded", String(open));
}

// -- news

/** Load the next page as well; from now on it is kept up to date with the others. */
export function follow() {
  pages += 1;
  etag = null;
  refresh({ soon: true, now: true });
}

/** Ask for the rows, soon; many reasons at once are one question. */
export function refresh({ soon = false, now = false } = {}) {
  if (isAsking) { askAgain = true; return; }
  clearTimeout(timer);
  timer = setTimeout(ask, now || soon ? 0 : Math.random() * JITTER_MS, now);
}

async function ask(now = false) {
  isAsking = true;
  askAgain = false;
  try {
    const got = await fetchPages();
    if (got.fresh) {
      if (isFrozen() && !now) hold(got.fresh);
      else order(got.fresh);
    }
    if (got.isKept) setTimeout(() => refresh({ soon: true }), KEPT_MS);
  } catch { /* the frame says that there is no connection, and asks again when there is one */ }
  isAsking = false;
  if (askAgain) refresh();
}

async function fetchPages() {
  let fresh = null, isKept = false, after = null;
  for (let page = 1; page <= pages; page += 1) {
    const address = new URL("/worklist/rows", location.href);
    address.searchParams.set("scope", words.scope);
    if (after) address.searchParams.set("after", after);
    const headers = { "X-Requested-With": "fetch" };
    if (pages === 1 && etag) headers["If-None-Match"] = etag;
    const answer = await fetch(address, { headers, cache: "no-store" });
    isKept ||= answer.headers.has("X-Kept");
    const told = answer.headers.get("X-Worklist");
    if (told) showCounts(JSON.parse(told));
    if (answer.status === 304) return { fresh: null, isKept };
    if (!answer.ok) throw new Error(String(answer.status));
    if (pages === 1) etag = answer.headers.get("ETag");
    const read = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("rows");
    if (!fresh) fresh = read;
    else append(fresh, read);
    after = read.querySelector("[data-after]")?.dataset.after;
    if (!after) break;
  }
  return { fresh, isKept };
}

/** Put a further page behind the ones before: its rows belong to the same groups. */
function append(fresh, read) {
  fresh.querySelector(".more")?.remove();
  const putOff = fresh.querySelector('.grp[data-group="snoozed"]'); // they stay at the bottom
  for (const item of [...read.children]) {
    const isKnown = item.matches(".grp") && fresh.querySelector(`.grp[data-group="${item.dataset.group}"]`);
    if (!isKnown) fresh.insertBefore(item, item.matches(".more") ? null : putOff);
  }
}

/** Show what may be shown while the hand is on the list: words and digits in place, and how many rows wait. */
function hold(fresh) {
  waiting = fresh;
  const news = new Map([...fresh.querySelectorAll("li.task")].map((row) => [row.dataset.row, row]));
  const gone = [];
  for (const row of rows().querySelectorAll("li.task")) {
    const found = news.get(row.dataset.row);
    if (found) patch(row, found);
    else if (!row.hasAttribute("data-gone")) gone.push(row);
    news.delete(row.dataset.row);
  }
  for (const head of rows().querySelectorAll(".grp")) {
    const found = fresh.querySelector(`.grp[data-group="${head.dataset.group}"] .num`);
    if (found) head.querySelector(".num").textContent = found.textContent;
  }
  const isLate = [...news.values()].some((row) => row.dataset.group === "late");
  showPill(news.size, isLate);
  if (gone.length) tellGone(gone);
}

/** Take in an order: rows that are there already stay the same elements, what is chosen and looked at stays where it is. */
function order(fresh) {
  waiting = null;
  const place = rows(), focused = document.activeElement;
  const heldFocus = place.contains(focused);
  const anchor = heldFocus || scroller.scrollTop >= AT_TOP ? visible(chosen()) ?? firstVisible() : null;
  const before = anchor?.getBoundingClientRect().top;
  const index = all().indexOf(chosen());
  const wanted = [...fresh.children].map((item) => reused(item));
  let at = place.firstElementChild;
  for (const item of wanted) {
    if (item === at) at = at.nextElementSibling;
    else place.insertBefore(item, at);
  }
  while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
  place.dataset.version = fresh.dataset.version;
  showPill(0);
  if (![...place.children].some((item) => item.matches('.task:not([data-group="later"])'))) unfold(true);
  else unfold(!place.hasAttribute("data-folded"));
  marks();
  const still = chosen() ?? all()[Math.max(0, Math.min(index, all().length - 1))];
  if (still) select(still);
  else showPeek(null);
  if (heldFocus && document.activeElement !== focused) (focused.isConnected ? focused : still?.querySelector(".open"))?.focus({ preventScroll: true });
  if (anchor?.isConnected) scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  tick();
}

function reused(item) {
  const known = item.matches(".task") ? rowById(item.dataset.row) : null;
  if (!known) return document.importNode(item, true);
  known.removeAttribute("data-gone");
  patch(known, item);
  return known;
}

/** Put what has changed into a row that is there; what the focus is in stays. */
function patch(row, fresh) {
  if (row.hasAttribute("data-gone")) restore(row);
  const shape = row.querySelector("template");
  const owner = row.dataset.owner, group = row.dataset.group;
  const isChanged = shape.innerHTML.replace(TICKING, "") !== fresh.querySelector("template").innerHTML.replace(TICKING, "");
  for (const part of row.querySelectorAll("[data-part]")) {
    const found = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (part.dataset.part === "cd" ? part.dataset.is === found.dataset.is : part.innerHTML === found.innerHTML) continue;
    if (part.contains(document.activeElement) && part.dataset.part === "what") continue;
    part.dataset.is = found.dataset.is ?? "";
    part.replaceChildren(...[...found.childNodes].map((node) => document.importNode(node, true)));
  }
  for (const name of ["data-owner", "data-owner-name", "data-verb", "data-group", "data-request", "data-unclaimed", "data-ends"]) {
    if (fresh.hasAttribute(name)) row.setAttribute(name, fresh.getAttribute(name));
    else row.removeAttribute(name);
  }
  if (isChanged) shape.innerHTML = fresh.querySelector("template").innerHTML;
  mark(row);
  if ((isChanged || owner !== row.dataset.owner || group !== row.dataset.group) && row.dataset.row === chosenId) showPeek(row);
}

// Digits and bars of a countdown differ from second to second without anything having changed.
const TICKING = /<b>\+?[\d:]+<\/b>|class="left" width="[\d.]+"|data-st="(late|soon|wait|)"/g;

async function tellGone(gone) {
  for (const row of gone) row.setAttribute("data-gone", words.gone);
  const address = new URL("/worklist/ended", location.href);
  for (const row of gone) if (row.dataset.source === "task") address.searchParams.append("task", row.dataset.row);
  let told = {};
  if (address.search) {
    try {
      const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
      if (answer.ok) told = await answer.json();
    } catch { /* then it only says that it is gone */ }
  }
  for (const row of gone) {
    if (!row.hasAttribute("data-gone")) continue;
    const text = told[row.dataset.row] ?? (row.dataset.source === "task" ? words.gone : words.news);
    row.setAttribute("data-gone", text);
    const cell = row.querySelector('[data-part="owner"]');
    cell.replaceChildren(Object.assign(document.createElement("span"), { className: "fate", textContent: text, title: text }));
  }
}

function restore(row) {
  row.removeAttribute("data-gone");
}

function showPill(number, isLate = false) {
  pill.hidden = number === 0;
  pill.classList.toggle("late", isLate);
  pill.firstElementChild.textContent = number === 1 ? words.newOne : filled(words.newMany, { n: number });
}

function showCounts({ tabs, overdue }) {
  for (const [name, number] of Object.entries(tabs)) {
    const place = document.querySelector(`[data-count="${name}"]`);
    const counted = Number(words.counted);
    if (place) place.textContent = number >= counted ? `${counted - 1}+` : String(number);
  }
  document.title = [overdue ? filled(words.overdue, { n: overdue }) : null, words.title, words.centre].filter(Boolean).join(" · ");
  const bubble = document.querySelector('[data-bub="worklist"]');
  if (bubble) {
    bubble.textContent = overdue > 99 ? "99+" : String(overdue);
    bubble.hidden = overdue === 0;
  }
}

// -- small things

const marks = () => rows().querySelectorAll("li.task").forEach(mark);

function mark(row) {
  const isMine = row.dataset.owner !== "" && row.dataset.owner === words.person;
  row.toggleAttribute("data-mine", isMine);
  row.querySelector(".av")?.classList.toggle("me", isMine);
  const link = row.querySelector(".open");
  link.tabIndex = row.dataset.row === chosenId ? 0 : -1;
}

function visible(row) {
  if (!row) return null;
  const box = row.getBoundingClientRect(), frame = scroller.getBoundingClientRect();
  return box.bottom > frame.top && box.top < frame.bottom ? row : null;
}

const firstVisible = () => all().find(visible) ?? null;

/** Begin: choose the first row, and hear of news. */
export function beginList() {
  unfold(false);
  if (!rows().querySelector('.task:not([data-group="later"])')) unfold(true);
  marks();
  const first = all()[0];
  if (first) select(first);
  else showPeek(null);
  const overdue = Number(rows().querySelector('.grp[data-group="late"] .num')?.textContent ?? 0);
  const bubble = document.querySelector('[data-bub="worklist"]');
  if (bubble && overdue) { bubble.textContent = String(overdue); bubble.hidden = false; }
  list.addEventListener("pointerenter", () => { pointerIn = true; });
  list.addEventListener("pointerleave", () => { pointerIn = false; });
  document.addEventListener("keydown", () => { lastKey = performance.now(); }, { capture: true });
  list.addEventListener("focusin", (event) => { const row = rowOf(event.target); if (row) select(row); });
  list.addEventListener("change", (event) => { if (event.target.matches('[data-act="pick"]')) showPicked(); });
  for (const name of ["live:tasks", "live:back"]) document.body.addEventListener(name, () => refresh());
  document.body.addEventListener("live:take", take);
  document.body.addEventListener("countdown:state", (event) => {
    const row = rowOf(event.detail.element);
    if (!row) return;
    if (event.detail.state === "late") rows().querySelector('.grp[data-group="late"]')?.setAttribute("data-lit", "");
    refresh();
    setTimeout(refresh, 900); // the server may still see it a moment before
  });
  setInterval(() => { if (waiting && !isFrozen()) order(waiting); }, LOOK_MS);
  setInterval(() => refresh(), IDLE_MS + Math.random() * KEY_MS);
}
