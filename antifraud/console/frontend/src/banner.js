// Lines across the top of the content: one for each thing that is wrong, each with what can be done about it.
const place = document.getElementById("banners");

/** A sentence of the page with its {name}s filled in. */
export function filled(sentence, values) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The silhouette of a state, as the server draws it. */
export function silhouette(look) {
  return document.getElementById("shapes")?.content.querySelector(`[data-shape="${look}"]`)?.cloneNode(true) ?? document.createTextNode("");
}

/** Show a line, or put other words into one that is there; the button calls `act` or goes to `href`. */
export function banner(name, look, text, button, role = "status") {
  if (!place) return;
  let line = place.querySelector(`[data-name="${name}"]`);
  if (!line) {
    line = document.createElement("div");
    line.className = "banner";
    line.dataset.name = name;
    line.setAttribute("role", role);
    line.append(Object.assign(document.createElement("span"), { className: "grow" }));
    place.append(line);
  }
  if (line.dataset.st !== look) {
    line.dataset.st = look;
    line.querySelector(".shape")?.remove();
    line.prepend(silhouette(look));
  }
  const words = line.querySelector(".grow");
  if (words.textContent !== text) words.textContent = text;
  line.querySelector(".btn")?.remove();
  if (button) {
    const made = document.createElement(button.href ? "a" : "button");
    made.className = "btn sm";
    made.textContent = button.text;
    if (button.href) made.href = button.href;
    else { made.type = "button"; made.addEventListener("click", button.act); }
    line.append(made);
  }
}

/** Take a line away. */
export function clearBanner(name) {
  place?.querySelector(`[data-name="${name}"]`)?.remove();
}
