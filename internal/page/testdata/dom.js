// A stand-in for a browser's document, with what the script of the page uses. It runs
// the script of the page that is its argument, does what a reader does, and prints what
// is drawn.
"use strict";
const fs = require("fs");
const html = fs.readFileSync(process.argv[2], "utf8");
const between = (begin, end) => { const at = html.indexOf(begin) + begin.length; return html.slice(at, html.indexOf(end, at)); };

class Element {
  constructor(tag) { this.tag = tag; this.children = []; this.attributes = {}; this.listeners = {}; this.value = ""; this.own = ""; }
  set textContent(text) { this.own = String(text); this.children = []; }
  get textContent() { return this.own + this.children.map((c) => c.textContent).join(""); }
  append(...all) { for (const c of all) { const e = typeof c === "string" ? Object.assign(new Element("#text"), {own: c}) : c; e.parentElement = this; this.children.push(e); } }
  replaceChildren(...all) { this.children = []; this.append(...all); }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  addEventListener(name, f) { this.listeners[name] = f; }
  focus() { document.focused = this; }
  all(match) { return this.children.flatMap((c) => [...(match(c) ? [c] : []), ...c.all(match)]); }
  querySelector(tag) { return this.all((e) => e.tag === tag)[0]; }
  fire(name) { this.listeners[name](); }
}
const ids = {};
for (const m of html.matchAll(/<(\w+)[^>]* id="([\w-]+)"/g)) ids[m[2]] = new Element(m[1]);
ids.data.own = between('id="data">', "</script>");
if (ids.fold) ids.fold.value = "state";
global.document = {getElementById: (id) => ids[id] || null, createElement: (tag) => new Element(tag), createElementNS: (_, tag) => new Element(tag), querySelectorAll: () => []};
eval(between('<script>\n', "</script>"));

const rows = () => (ids["node-rows"] ? ids["node-rows"].children.length : 0) + ids.timelines.all((e) => "data-row" in e.attributes).length;
const groups = () => ids.timelines.all((e) => e.tag === "button" && "aria-expanded" in e.attributes);
const said = [];
const say = (what) => said.push({what, rows: rows(), nodes: ids["node-count"] && ids["node-count"].textContent, timeline: ids["timeline-count"].textContent, groups: groups().map((g) => g.textContent + (g.attributes["aria-expanded"] === "true" ? " open" : ""))});
say("at first");
ids["node-next"].fire("click"); say("next nodes");
ids["node-text"].value = "NODE-0042"; ids["node-text"].fire("input"); say("a filter");
ids["node-text"].value = ""; ids["node-text"].fire("input");
groups()[0].fire("click"); say("the first group open");
ids.timelines.all((e) => e.textContent === "next" && e.tag === "button")[0].fire("click"); say("its next rows");
groups()[0].fire("click"); say("closed");
ids.fold.value = "zone"; ids.fold.fire("input"); say("by zone");
groups()[2].fire("click"); groups()[1].fire("click"); say("one group open at a time");
console.log(JSON.stringify(said, null, 1));
