// Physical keys, outside fields, never during composition: an input method is usually on.
const known = [];
let prefix = null, prefixEnds = 0;
const isOff = () => document.body.hasAttribute("data-no-shortcuts");
const inField = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const PREFIX_MS = 1500;

/**
 * Bind a key. `code` is KeyboardEvent.code ("KeyC", "Period"), with "Ctrl+", "Alt+", "Shift+" before it, or "KeyG KeyW" for two in a row.
 * label: words of the page for the list of keys; group: "here" or "general"; inFields: also while typing; when: whether it acts just now.
 */
export function on(code, handler, { label, group = "here", inFields = false, when, shown } = {}) {
  const entry = { code, handler, label, group, inFields: inFields || /^(Ctrl|Alt)\+/.test(code), when, shown: shown ?? spoken(code) };
  known.push(entry);
  return () => { const at = known.indexOf(entry); if (at >= 0) known.splice(at, 1); };
}

/** Every key that has words and acts on this page just now. */
export const list = () => known.filter((entry) => entry.label && (!entry.when || entry.when()));

/** The same under one name. */
export const keys = { on, list };

/** A key as it stands on the keyboard. */
function spoken(code) {
  const names = { Period: ".", Comma: ",", Slash: "/", BracketLeft: "[", BracketRight: "]", ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };
  return code.split(" ").map((one) => one.split("+").map((part) => names[part] ?? part.replace(/^(Key|Digit)/, "")).join(" ")).join(" ");
}

function nameOf(event) {
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (event.shiftKey && event.code !== "Slash" ? "Shift+" : "") + (event.shiftKey && event.code === "Slash" ? "Shift+" : "") + event.code;
}

/** Begin to listen. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (/^(Control|Shift|Alt|Meta)/.test(event.key)) return;
    const name = nameOf(event), typing = inField(event.target), plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const inDialog = document.querySelector("dialog[open]");
    const whole = prefix && performance.now() < prefixEnds ? `${prefix} ${name}` : name;
    prefix = null;
    for (const entry of [...known].reverse()) {
      if (entry.code !== whole && entry.code !== name) continue;
      if (entry.code !== whole && whole !== name) continue;
      if (typing && !entry.inFields) continue;
      if (inDialog && !entry.inFields) continue;
      if (plain && isOff() && !/^(Escape|Enter)$/.test(entry.code)) continue;
      if (entry.when && !entry.when()) continue;
      if (event.repeat && !/^(KeyJ|KeyK|ArrowDown|ArrowUp)$/.test(entry.code)) return;
      event.preventDefault();
      entry.handler(event);
      return;
    }
    if (!typing && !inDialog && !isOff() && plain && known.some((entry) => entry.code.startsWith(`${name} `))) {
      prefix = name;
      prefixEnds = performance.now() + PREFIX_MS;
      event.preventDefault();
    }
  });
}
