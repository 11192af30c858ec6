// The room of the cases: keys, the walk through the money, parts that refresh themselves without taking anything away.
import { on } from "./keys.js";
import { tick } from "./countdown.js";
import { csrfToken } from "./send.js";

const page = document.getElementById("case");
const approvals = document.getElementById("approvals");
const LOOK_MS = 1000;
const waiting = new Map();
let asTable = false, asking = false, again = false;

for (const one of ["conflict", "error-summary"]) document.getElementById(one)?.focus();
bindActs();
document.addEventListener("submit", once);
if (page) casePage();
if (approvals) approvalsPage();

/** A form that acts is sent once: a second press of the button waits for the first answer. */
function once(event) {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
  if (form.matches("[data-reveal]")) return reveal(event, form);
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.querySelector(".notsent")?.remove();
  if (!navigator.onLine) {
    event.preventDefault();
    const said = document.createElement("p");
    said.className = "errmsg notsent";
    said.setAttribute("role", "alert");
    said.textContent = (page ?? approvals).dataset.notSent;
    form.append(said);
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
}

window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("[data-sent]")) { delete form.dataset.sent; for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled"); }
});

/** Each act with a key of its own: what needs nothing is sent, what needs something opens and takes the focus. */
function bindActs() {
  // Also those that the page has not yet: an act may become possible while it is open.
  const codes = new Set([...(page ? ["KeyR", "KeyF", "KeyU", "KeyT", "KeyM"] : []), ...[...document.querySelectorAll("[data-key]")].map((one) => one.dataset.key)]);
  for (const code of codes) {
    const find = () => [...document.querySelectorAll(`[data-key="${code}"]`)].find((one) => !one.closest("[hidden]"));
    const title = find()?.querySelector(".what, summary .grow")?.textContent ?? find()?.textContent ?? "";
    on(code, () => press(find()), { label: (page?.dataset.keyLabels ?? "{what}").replace("{what}", title.trim()), when: () => Boolean(find()) });
  }
}

function press(one) {
  for (let outer = one.parentElement?.closest("details"); outer; outer = outer.parentElement?.closest("details")) outer.open = true;
  const details = one.matches("summary") ? one.parentElement : one.querySelector("details");
  if (details) {
    details.open = true;
    (details.querySelector("form input:not([type=hidden]), form select, form textarea") ?? details.querySelector("summary")).focus();
    return;
  }
  const button = one.matches("button") ? one : one.querySelector("button");
  button.focus();
  if (!button.form.dataset.holdMs) button.form.requestSubmit(button);
}

function casePage() {
  document.addEventListener("click", (event) => { if (event.target.closest("[data-act=flow-toggle]")) toggleFlow(); });
  on("KeyV", toggleFlow, { label: page.dataset.keyFlow, when: () => document.getElementById("flow-graph") !== null });
  document.addEventListener("keydown", walk);
  document.addEventListener("click", openRequest);
  showToggle();
  document.body.addEventListener("live:case", (event) => { if (event.detail.id === page.dataset.case) refresh(); });
  document.body.addEventListener("live:poll", refresh);
  document.addEventListener("focusout", () => setTimeout(release, 0));
  setInterval(release, LOOK_MS);
  comeTo(location.hash);
  window.addEventListener("hashchange", () => comeTo(location.hash));
}

// ---- the money: picture and list
function showToggle() {
  const button = document.getElementById("flow-toggle");
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(asTable));
  button.querySelector("span").textContent = asTable ? button.dataset.graph : button.dataset.table;
  document.getElementById("flow-table")?.classList.toggle("on", asTable);
  document.getElementById("flow-graph")?.classList.toggle("off", asTable);
}

function toggleFlow() {
  asTable = !asTable;
  showToggle();
  document.getElementById(asTable ? "flow-table" : "flow-graph")?.focus();
}

/** Arrows walk the accounts: up and down in a tier, left and right to the nearest account of the next one. */
function walk(event) {
  const here = event.target.closest?.("a.node");
  if (!here || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const column = Number(here.dataset.column) + step[0], nodes = [...document.querySelectorAll(`a.node[data-column="${column}"]`)];
  if (!nodes.length) return;
  const middle = (one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; };
  const next = step[0] === 0
    ? nodes.find((one) => Number(one.dataset.row) === Number(here.dataset.row) + step[1])
    : nodes.reduce((best, one) => Math.abs(middle(one) - middle(here)) < Math.abs(middle(best) - middle(here)) ? one : best);
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function openRequest(event) {
  const node = event.target.closest("a.node[href^='#request-']");
  if (!node) return;
  event.preventDefault();
  light(node.getAttribute("href"));
}

/** What another page named: a request opens its messages, a task opens the list that it stands in. */
function comeTo(hash) {
  if (hash.startsWith("#request-") || hash.startsWith("#hold-")) light(hash);
  const task = hash.startsWith("#task-") && document.getElementById(hash.slice(1));
  if (!task) return;
  task.closest("details").open = true;
  task.scrollIntoView({ block: "nearest" });
  task.focus({ preventScroll: true });
}

function light(hash) {
  const row = document.getElementById(hash.slice(1));
  if (!row) return;
  for (const lit of document.querySelectorAll("tr.lit")) lit.classList.remove("lit");
  row.classList.add("lit");
  const details = row.nextElementSibling?.querySelector("details");
  if (details) details.open = true;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

// ---- parts that refresh themselves
async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(page.dataset.partsUrl + location.search, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
    if (answer.ok) {
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      for (const part of fresh.content.querySelectorAll("[data-part]")) {
        waiting.set(part.dataset.part, part);
      }
      release();
    }
  } catch {
    // The banner of the frame says that the connection is down; the next hint asks again.
  } finally {
    asking = false;
    if (again) { again = false; refresh(); }
  }
}

/** Put fresh parts in their places, except where somebody is: there they wait, and the part says so. */
function release() {
  for (const [name, fresh] of waiting) {
    const place = page.querySelector(`[data-part="${name}"]`);
    if (!place) { waiting.delete(name); continue; }
    if (place.dataset.shown === undefined) place.dataset.shown = plain(place);
    if (plain(fresh) === place.dataset.shown) { waiting.delete(name); place.querySelector(":scope > .heldback")?.remove(); continue; }
    if (isBusy(place)) { holdBack(place); continue; }
    swap(place, fresh);
    waiting.delete(name);
  }
}

function plain(part) {
  const copy = part.cloneNode(true); for (const one of copy.querySelectorAll(".heldback, .revealed, [data-due], [name=csrf_token], [data-act=flow-toggle]")) one.remove();
  return copy.textContent.replace(/\s+/g, " ").trim();
}

/** Somebody is in a part: focus in it, something typed or chosen, something shown in the clear, or text marked. */
function isBusy(place) {
  if (place.contains(document.activeElement) && document.activeElement !== place && document.activeElement !== document.body) return true;
  if (place.querySelector(".revealed, [data-sent]")) return true;
  const marked = document.getSelection();
  if (marked && !marked.isCollapsed && place.contains(marked.anchorNode)) return true;
  return [...place.querySelectorAll("input:not([type=hidden]), select, textarea")].some((one) => one.tagName === "SELECT" ? one.selectedIndex > 0 : one.value !== one.defaultValue);
}

function holdBack(place) {
  if (place.querySelector(":scope > .heldback")) return;
  const said = document.createElement("p");
  said.className = "heldback";
  said.setAttribute("role", "status");
  said.textContent = page.dataset.heldBack;
  place.append(said);
}

function swap(place, fresh) {
  const open = new Set([...place.querySelectorAll("details[open][id]")].map((one) => one.id));
  const scrolled = [...place.querySelectorAll(".scrollx, .flowscroll")].map((one) => one.scrollLeft);
  place.dataset.shown = plain(fresh);
  place.replaceChildren(...document.importNode(fresh, true).childNodes);
  for (const one of place.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
  [...place.querySelectorAll(".scrollx, .flowscroll")].forEach((one, at) => { one.scrollLeft = scrolled[at] ?? 0; });
  showToggle();
  tick();
}

// ---- masked data in the clear, for a minute
async function reveal(event, form) {
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch", "X-CSRFToken": csrfToken() }, credentials: "same-origin" }).catch(() => null);
  if (!answer) { form.submit(); return; }
  if (answer.status !== 200 && answer.status !== 422) { location.reload(); return; }
  const told = document.createElement("template");
  told.innerHTML = await answer.text();
  const shown = told.content.firstElementChild;
  form.parentElement.querySelector(".revealed, .errmsg")?.remove();
  form.after(shown);
  form.reset();
  if (shown.dataset.seconds) setTimeout(() => shown.remove(), Number(shown.dataset.seconds) * 1000);
}

// ---- decisions
function approvalsPage() {
  const named = location.hash.startsWith("#approval-") && document.getElementById(location.hash.slice(1))?.querySelector("a:not([aria-current])");
  if (named) { location.replace(named.href); return; }
  const links = () => [...document.querySelectorAll(".queue a")];
  const go = (step) => { const all = links(), at = all.findIndex((one) => one.hasAttribute("aria-current")); all[at + step]?.click(); };
  for (const [code, step] of [["KeyJ", 1], ["ArrowDown", 1], ["KeyK", -1], ["ArrowUp", -1]]) on(code, () => go(step));
  for (const form of document.querySelectorAll("form[data-hold-ms]")) holdToConfirm(form);
  document.body.addEventListener("live:tasks", () => {
    const typed = [...document.querySelectorAll("#decision input:not([type=hidden]), #decision select")].some((one) => one.tagName === "SELECT" ? one.selectedIndex > 0 : one.value !== one.defaultValue);
    if (!typed && !document.querySelector("#decision :focus, [data-sent]")) refreshQueue();
  });
}

async function refreshQueue() {
  const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of [".queue", "#decision"]) {
    const now = document.querySelector(name), then = fresh.querySelector(name);
    if (now && then && plain(now) !== plain(then) && !now.contains(document.activeElement)) now.replaceWith(document.importNode(then, true));
  }
  for (const form of document.querySelectorAll("form[data-hold-ms]:not([data-bound])")) holdToConfirm(form);
  tick();
}

/** A release is confirmed by holding the button, with the pointer or with Enter or the space bar, for three seconds. */
function holdToConfirm(form) {
  form.dataset.bound = "yes";
  const button = form.querySelector("button[data-act=approve]");
  let timer = 0, confirmed = false;
  const stop = () => { clearTimeout(timer); timer = 0; button.classList.remove("holding"); };
  const start = () => {
    if (timer || !form.reportValidity()) return;
    button.classList.add("holding");
    timer = setTimeout(() => { confirmed = true; stop(); form.requestSubmit(button); }, Number(form.dataset.holdMs));
  };
  form.addEventListener("submit", (event) => { if (!confirmed) { event.preventDefault(); event.stopImmediatePropagation(); } });
  button.addEventListener("pointerdown", start);
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, stop);
  button.addEventListener("keydown", (event) => { if ((event.key === "Enter" || event.key === " ") && !event.repeat) { event.preventDefault(); start(); } });
}
