// What every page of the console has.
import htmx from "htmx.org/dist/htmx.esm.js";
import { startTicking } from "./countdown.js";
import { on, startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { openPalette, startPalette } from "./palette.js";
import { csrfToken } from "./send.js";
import { openKeys } from "./sheet.js";
import { startToasts } from "./toast.js";
import { banner, clearBanner, filled } from "./banner.js";

window.htmx = htmx;
document.documentElement.classList.add("js");
const texts = document.getElementById("banners")?.dataset ?? {};
const words = document.getElementById("keys")?.dataset;

startKeys();
startToasts();
startPalette();
startTicking();
startLive();

document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});
for (const failed of ["htmx:sendError", "htmx:timeout"]) document.body.addEventListener(failed, () => banner("failed", "soon", filled(texts.failed, { what: document.getElementById("live")?.dataset.off ?? "" })));
document.body.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) banner("signed-out", "soon", texts.signedOut, { text: texts.signIn, href: event.detail.xhr.getResponseHeader("HX-Redirect") ?? "/sign-in" });
  else banner("failed", "late", filled(texts.failed, { what: status }));
});
document.body.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.xhr.status < 400) clearBanner("failed"); });
document.body.addEventListener("send:signed-out", () => banner("signed-out", "soon", texts.signedOut, { text: texts.signIn, href: "/sign-in" }));

// Whoever signs out leaves nothing of a report in this tab.
document.addEventListener("submit", (event) => {
  if (!new URL(event.target.action, location.href).pathname.endsWith("/sign-out")) return;
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("draft:")) sessionStorage.removeItem(key);
});

// A menu closes by Esc, and by a press beside it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
on("Escape", () => { const menu = document.querySelector("details.menu[open]"); menu.open = false; menu.querySelector("summary").focus(); }, { when: () => document.querySelector("details.menu[open]") !== null, inFields: true });

if (words) {
  on("Ctrl+KeyK", openPalette, { label: words.find, group: "general" });
  on("Slash", openPalette, {});
  on("Shift+Slash", openKeys, { label: words.help, group: "general", shown: "?" });
  for (const link of document.querySelectorAll(".rail a[data-go]")) {
    const go = () => { location.href = link.href; };
    if (link.dataset.go === "N") on("KeyN", go, { label: words.new, group: "general" });
    else on(`KeyG Key${link.dataset.go}`, go, { label: filled(words.go, { room: link.dataset.label }), group: "general" });
  }
}
