// The worklist: keys and acts on rows. How rows come and go without moving under the hand is in worklist-list.js.
import { banner, clearBanner } from "./banner.js";
import { on } from "./keys.js";
import { send } from "./send.js";
import { toast } from "./toast.js";
import { active, beginList, chosen, follow, isHeld, own, picked, pickNone, pickToggle, refresh, rowOf, select, step, take, unfold } from "./worklist-list.js";

const root = document.getElementById("worklist");
const words = root.dataset;
const snooze = document.getElementById("snooze");

/** Send an act on tasks; its opposite stands in a toast for as long as it may be undone. */
async function post(address, values) {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) for (const one of [value].flat()) body.append(name, one);
  const answer = await send(address, { body, onRetry: () => banner("act", "soon", words.failed) });
  clearBanner("act");
  if (answer.status === 401) return;
  const isTold = answer.headers.get("content-type")?.startsWith("application/json");
  if (!isTold) return toast(words.refused, { look: "late" });
  const told = await answer.json();
  const undo = told.undo && told.done.length ? () => post(`/worklist/${told.undo}`, { task: told.done }) : undefined;
  toast(told.text, { undo, look: told.refused.length ? "late" : undefined });
  if (told.undo === "give-back") for (const id of told.done) own(id);
  refresh({ soon: true });
}

const isTask = (row) => row?.dataset.source === "task" && !row.hasAttribute("data-gone");

function claimOrGiveBack() {
  const tasks = picked();
  if (tasks.length) return void post("/worklist/claim", { task: tasks }).then(pickNone);
  const row = chosen();
  if (!isTask(row)) return;
  if (row.hasAttribute("data-mine")) post("/worklist/give-back", { task: row.dataset.row });
  else post("/worklist/claim", { task: row.dataset.row });
}

function snoozeOrWake() {
  const row = chosen();
  if (!isTask(row)) return;
  if (row.dataset.group === "snoozed") return void post("/worklist/wake", { task: row.dataset.row });
  if (row.dataset.st === "late") return void toast(words.late, { look: "late" });
  snooze.querySelector('[data-field="task"]').value = row.dataset.row;
  snooze.querySelector('[data-field="what"]').textContent = row.querySelector(".open").textContent;
  snooze.showModal();
}

function remind() {
  const row = chosen();
  if (row?.dataset.request) post("/worklist/remind", { case: row.dataset.case, request: row.dataset.request });
}

function open() {
  const link = chosen()?.querySelector(".open");
  if (link) location.href = link.href;
}

const acts = {
  claim: (row) => { select(row); post("/worklist/claim", { task: row.dataset.row }); },
  "peek-claim": claimOrGiveBack,
  "peek-give-back": claimOrGiveBack,
  "peek-remind": remind,
  "peek-snooze": snoozeOrWake,
  "peek-wake": snoozeOrWake,
  "snooze-close": () => snooze.close(),
  "bulk-claim": claimOrGiveBack,
  "bulk-assign": () => post("/worklist/assign", { task: picked(), person: document.querySelector('[data-field="person"]').value }).then(pickNone),
  "bulk-none": pickNone,
  take,
  fold: () => unfold(),
  more: () => follow(),
};

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-act]");
  const act = control && acts[control.dataset.act];
  if (act) {
    event.preventDefault();
    act(rowOf(control), control);
    return;
  }
  const row = rowOf(event.target);
  if (!row || event.target.closest("a, button, label, input")) return;
  if (matchMedia("(max-width: 1100px)").matches) row.querySelector(".open").click();
  else select(row, { focus: true });
});
document.getElementById("list").addEventListener("dblclick", (event) => { if (rowOf(event.target)) open(); });
document.getElementById("do-snooze").addEventListener("submit", (event) => {
  event.preventDefault();
  const { task, share, reason } = Object.fromEntries(new FormData(event.target));
  snooze.close();
  post("/worklist/snooze", { task, share, reason });
});

const atRest = () => [document.body, document.getElementById("main")].includes(document.activeElement) || isHeld();
on("KeyJ", () => step(1), { label: words.keyNext });
on("KeyK", () => step(-1), { label: words.keyPrevious });
on("ArrowDown", () => step(1), { when: atRest });
on("ArrowUp", () => step(-1), { when: atRest });
on("Enter", open, { label: words.keyOpen, when: () => atRest() && !active("button, a, input") });
on("KeyC", claimOrGiveBack, { label: words.keyClaim });
on("KeyS", snoozeOrWake, { label: words.keySnooze });
on("KeyR", remind, { label: words.keyRemind });
on("KeyX", () => pickToggle(chosen()), { label: words.keyPick });
on("Period", take, { label: words.keyTake });
on("Escape", pickNone, { when: () => picked().length > 0 });

beginList();
