// Builds the demo page: `npm ci && npm run build`. The same sources always give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const PAGE = dirname(fileURLToPath(import.meta.url));
const DIST = join(PAGE, "dist");
const LICENCES = "THIRD-PARTY-LICENSES.txt";

// The renderer puts one fixed id on every message. A page with many messages needs a class instead; and its reset of
// the browser's styles must then weigh nothing, or it would win over the rules that it once lost to.
const RENDERER_ID = "slack_blocks_to_jsx";
const RESET = `.${RENDERER_ID}.styles_enabled`;

function replaceExactly(source, count, pattern, replacement) {
  const found = source.match(pattern)?.length ?? 0;
  if (found !== count) throw new Error(`slack-blocks-to-jsx changed: ${pattern} found ${found} times, not ${count}`);
  return source.replace(pattern, replacement);
}

const renderer = {
  name: "slack-blocks-to-jsx",
  setup({ onLoad }) {
    onLoad({ filter: /slack-blocks-to-jsx[\\/]dist[\\/]index\.mjs$/ }, ({ path }) => {
      let js = readFileSync(path, "utf8");
      const glyph = js.match(/n\.emoji\(\{name:r\.value\},t=>([\w$]+)\(t\)\)/);
      if (!glyph) throw new Error("slack-blocks-to-jsx changed: the emoji parser was not found");
      js = replaceExactly(js, 2, new RegExp(`id:"${RENDERER_ID}",`, "g"), "");
      js = replaceExactly(js, 1, /export\{(\w+) as Message\}/g, `export{$1 as Message,${glyph[1]} as emojiGlyph}`);
      return { contents: js, loader: "js" };
    });
    onLoad({ filter: /slack-blocks-to-jsx[\\/]dist[\\/]style\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(RESET, `:where(${RESET})`).replaceAll(`#${RENDERER_ID}`, `.${RENDERER_ID}`),
      loader: "css",
    }));
  },
};

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const named = (path) => relative(PAGE, path).split(sep).join("/");
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

// check_bundle.py computes the same: one line "<path> <sha256>" per file, sorted by path.
function inputsDigest() {
  const files = [...filesUnder(join(PAGE, "src")), ...filesUnder(join(PAGE, "licenses"))].map(named);
  files.push("build.mjs", "package.json", "package-lock.json");
  const lines = files.sort().map((name) => `${name} ${sha256(readFileSync(join(PAGE, name)))}\n`);
  return sha256(lines.join(""));
}

function licences(metafile) {
  const roots = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (match) roots.add(match[1]);
  }
  const parts = [...roots].map((root) => {
    const { name, version, license } = JSON.parse(readFileSync(join(PAGE, root, "package.json"), "utf8"));
    const file = readdirSync(join(PAGE, root)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    return { title: `${name} ${version} (${license})`, text: readFileSync(join(PAGE, root, file), "utf8") };
  });
  // Code that slack-blocks-to-jsx has already bundled, so that no package folder of its own is left.
  parts.push({ title: "@yozora/* (MIT), inside slack-blocks-to-jsx", text: readFileSync(join(PAGE, "licenses", "yozora.txt"), "utf8") });
  // Many packages share one text, letter for letter: print it once.
  const byText = new Map();
  for (const { title, text } of parts.sort((a, b) => (a.title < b.title ? -1 : 1))) {
    const plain = text.replace(/\r/g, "").trim();
    byText.set(plain, [...(byText.get(plain) ?? []), title]);
  }
  const rule = "=".repeat(78);
  const body = [...byText].map(([text, titles]) => `${rule}\n${titles.join("\n")}\n${rule}\n${text}\n`);
  return `The file dist/app.js contains code of these packages.\n\n${body.join("\n")}`;
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);

const { metafile } = await build({
  absWorkingDir: PAGE,
  entryPoints: { app: "src/main.jsx" },
  outdir: "dist",
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"' },
  alias: {
    react: "preact/compat",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
  },
  plugins: [renderer],
});

writeFileSync(join(DIST, "index.html"), readFileSync(join(PAGE, "src", "index.html")));
writeFileSync(join(PAGE, LICENCES), licences(metafile));

const outputs = {};
for (const name of [...filesUnder(DIST).map(named), LICENCES].sort()) {
  const data = readFileSync(join(PAGE, name));
  outputs[name] = sha256(data);
  console.log(`${name.padEnd(28)} ${String(data.length).padStart(8)} B  gzip ${gzipSync(data, { level: 9 }).length} B`);
}
writeFileSync(join(DIST, "stamp.json"), `${JSON.stringify({ inputs: inputsDigest(), outputs }, null, 2)}\n`);
