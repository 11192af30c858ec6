// Build the front end: bundles with hashed names, a sprite of the icons used, a manifest, and .gz beside each file.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");
const rooms = ["worklist", "reporting", "casework", "weekly"];
const icons = join(here, "node_modules", "@tabler", "icons", "icons", "outline");
const manifest = {};

const present = (path) => existsSync(join(here, path));
const css = ["@import './css/main.css';", ...rooms.filter((room) => present(`css/${room}.css`)).map((room) => `@import './css/${room}.css';`)];
const built = await esbuild.build({
  absWorkingDir: here,
  entryPoints: {
    main: "src/main.js",
    style: "virtual:style",
    ...Object.fromEntries(rooms.filter((room) => present(`src/${room}.js`)).map((room) => [room, `src/${room}.js`])),
  },
  plugins: [{
    name: "style of the rooms that there are",
    setup(build) {
      build.onResolve({ filter: /^virtual:style$/ }, (found) => ({ path: found.path, namespace: "style" }));
      build.onLoad({ filter: /.*/, namespace: "style" }, () => ({ contents: css.join("\n"), loader: "css", resolveDir: here }));
    },
  }],
  bundle: true, splitting: true, format: "esm", target: ["es2022", "chrome120", "firefox121", "safari17"], minify: true, metafile: true, write: false,
  outdir: out, entryNames: "[name]-[hash]", chunkNames: "c/[name]-[hash]", publicPath: "/static/dist",
  legalComments: "none", logLevel: "warning",
});

const files = built.outputFiles.map((file) => [relative(out, file.path), Buffer.from(file.contents)]);
for (const [path, output] of Object.entries(built.metafile.outputs)) {
  if (output.entryPoint) {
    const name = relative(out, join(here, path));
    manifest[name.endsWith(".css") ? "main.css" : `${basename(name).replace(/-[A-Z0-9]+\.js$/, "")}.js`] = name;
  }
}

add("icons.svg", Buffer.from(sprite(used())));
add("mark.svg", readFileSync(join(here, "mark.svg")));
write();

/** The names of the icons that templates, modules and icons.txt ask for. */
function used() {
  const names = new Set(readFileSync(join(here, "icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#")));
  const templates = join(here, "..", "templates");
  for (const entry of readdirSync(templates, { recursive: true })) {
    if (!entry.endsWith(".html")) continue;
    for (const found of readFileSync(join(templates, entry), "utf8").matchAll(/\bicon\(\s*["']([a-z0-9-]+)["']/g)) names.add(found[1]);
  }
  return [...names].sort();
}

/** One file with a symbol for each icon. */
function sprite(names) {
  const symbols = names.map((name) => {
    const path = join(icons, `${name}.svg`);
    if (!existsSync(path)) throw new Error(`there is no Tabler outline icon "${name}"`);
    const inner = readFileSync(path, "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function add(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const hashed = name.replace(/\.(\w+)$/, `-${hash}.$1`);
  manifest[name] = hashed;
  files.push([hashed, content]);
}

/** Write new files first, then the manifest in one step; what it no longer names goes after a day, since pages may be open. */
function write() {
  for (const [name, content] of files) {
    const path = join(out, name);
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) continue; // the name carries the content's hash
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    writeFileSync(path, content);
  }
  const aside = join(out, `manifest.json.${process.pid}`);
  writeFileSync(aside, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(aside, join(out, "manifest.json"));
  const kept = new Set(["manifest.json", ...files.flatMap(([name]) => [name, `${name}.gz`])]);
  const yesterday = Date.now() - 86_400_000;
  for (const entry of readdirSync(out, { recursive: true })) {
    const path = join(out, entry);
    if (!kept.has(entry) && statSync(path).isFile() && statSync(path).mtimeMs < yesterday) rmSync(path);
  }
}
