// Writes the modulepreload links of an index.html: every module that its entry imports, so that the browser fetches
// them at once and not one level after the other. Run from the project folder after adding or removing an import:
//   node services/gateway/portal/preload.mjs services/gateway/portal/index.html /assets/portal/cf-support.js
import { readFileSync, writeFileSync } from "node:fs";

const [page, entry] = process.argv.slice(2);
const text = readFileSync(page, "utf8");
const { imports } = JSON.parse(text.match(/<script type="importmap">([\s\S]*?)<\/script>/)[1]);

function fileOf(url) {
  return url.startsWith("/assets/vendor/")
    ? url.replace("/assets/vendor", "node_modules")
    : url.replace("/assets", "services/gateway");
}

function resolve(name, from) {
  if (name.startsWith(".")) return new URL(name, `http://page${from}`).pathname;
  if (imports[name]) return imports[name];
  const prefix = Object.keys(imports).find((one) => one.endsWith("/") && name.startsWith(one));
  if (!prefix) throw new Error(`${from} imports ${name}, which the import map does not know`);
  return imports[prefix] + name.slice(prefix.length);
}

const found = new Set();
function follow(url) {
  if (found.has(url)) return;
  found.add(url);
  const source = readFileSync(fileOf(url), "utf8");
  for (const [, name] of source.matchAll(
    /(?:^|[;}\s])(?:import|export)\s*(?:[\w*${}\s,]+?from\s*)?["']([^"']+)["']/g,
  )) {
    follow(resolve(name, url));
  }
}
follow(entry);
found.delete(entry);

const links = [...found].sort().map((url) => `    <link rel="modulepreload" href="${url}" />`);
const block = /(<!-- preload:begin[^>]*-->\n)[\s\S]*?(\s*<!-- preload:end -->)/;
writeFileSync(
  page,
  text.replace(block, (_, begin, end) => `${begin}${links.join("\n")}\n    <!-- preload:end -->`),
);
