// Reads a category from the form and writes one into it, sends both to the API, and shows what a draft would match.
// Whatever anybody named is put in as text, never as markup.
"use strict";

const form = document.querySelector("#draft form"); // none where the settings' file keeps the categories
const found = document.getElementById("found");
const said = document.getElementById("said");
const SAID_MS = 8000;
const SVG = "http://www.w3.org/2000/svg";
document.documentElement.classList.add("js");
let changing = null; // the name of the category in the form, null while it is a new one

async function ask(path, body) {
  let answer, words;
  try {
    answer = await fetch(location.origin + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    words = await answer.json();
  } catch {
    throw new Error("The reactor does not answer.");
  }
  if (!answer.ok) throw new Error(words.message);
  return words;
}

// Draws again what the server knows; the form and the preview stay as they are.
async function refresh() {
  try {
    const answer = await fetch(location.origin + location.pathname);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-fresh]")) {
      const fresh = page.getElementById(old.id);
      if (fresh) old.replaceWith(fresh);
    }
  } catch {
    tell("Done, but the page could not be read again: load it anew.", false);
  }
}

let saying = 0;
function tell(words, well) {
  said.textContent = words;
  said.className = well ? "well" : "ill";
  clearTimeout(saying);
  saying = setTimeout(() => { said.textContent = ""; }, SAID_MS);
}

// Runs what a button does; while it runs nothing else can be pressed, and what goes wrong is said in words.
async function busy(work, say) {
  const buttons = [...document.querySelectorAll("button:not(:disabled)")];
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (error) {
    say(error.message, false);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function act(button) {
  if (button.dataset.sure && !confirm(button.dataset.sure)) return;
  const body = JSON.parse(button.dataset.body);
  const words = await ask(button.dataset.post, body);
  await refresh();
  if (words.run) tell((words.joined ? "Joined what is under way: " : "Begun: ") + words.run.title, true);
  else if (body.category === undefined && body.enabled === true && !words.enabled) {
    tell("The settings switch labelling off (classification.enabled); change that there.", false);
  } else tell(button.dataset.did || "Done.", true);
}

async function measure() {
  const { before, after, moved } = await ask("/api/calibrate", { dry_run: true });
  const of = (one) => `${one.photos.toLocaleString()} photos: ${cosine(one.lo)} to ${cosine(one.hi)}`;
  const lines = moved.filter((one) => one.before !== one.after).map((one) =>
    `${one.category} of ${one.account}: ${one.before === null ? "nothing" : count(one.before)} → ${count(one.after)}`);
  const more = lines.length > 12 ? [`and ${lines.length - 12} more`] : [];
  const question = [
    `Measured now on ${of(after)}` + (before ? `; before on ${of(before)}.` : "."),
    lines.length ? "Photos that reach the threshold:" : "No category finds more photos, or fewer.",
    ...lines.slice(0, 12), ...more, "Let the new measurement hold?",
  ];
  if (!confirm(question.join("\n"))) return;
  await ask("/api/calibrate", {});
  await refresh();
  tell("The new measurement holds.", true);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.post) busy(() => act(button), tell);
  else if (button.id === "measure") busy(measure, tell);
  else if (button.dataset.edit) edit(JSON.parse(button.dataset.edit));
});

// ---- the form

const READ = {
  text: (field) => field.value || undefined,
  lines: (field) => field.value.split("\n").map((line) => line.trim()).filter(Boolean),
  number: (field) => (field.value === "" ? undefined : Number(field.value)),
  flag: (field) => field.checked,
  yesno: (field) => (field.value === "" ? undefined : field.value === "true"),
  chosen: (field, before) => (field.checked ? [...(before || []), field.value] : before),
};
const WRITE = {
  text: (field, value) => { field.value = value ?? ""; },
  lines: (field, value) => { field.value = (value ?? []).join("\n"); },
  number: (field, value) => { field.value = value || ""; },
  flag: (field, value) => { field.checked = Boolean(value); },
  yesno: (field, value) => { field.value = value === null || value === undefined ? "" : String(value); },
  chosen: (field, value) => { field.checked = (value ?? []).includes(field.value); },
};

function each(category, work) {
  for (const field of form.elements) {
    if (!field.dataset.as) continue;
    const gate = field.name.startsWith("gates.");
    work(field, field.dataset.as, gate ? category.gates : category, gate ? field.name.slice(6) : field.name);
  }
}

function read() {
  const category = { gates: {} };
  each(category, (field, as, place, name) => {
    const value = READ[as](field, place[name]);
    if (value !== undefined) place[name] = value;
  });
  const { measure: way, amount } = form.elements;
  if (way.value === "similarity") category.similarity = Number(amount.value);
  else category.strictness = way.value === "share" ? Number(amount.value) : way.value;
  return category;
}

function write(category) {
  each(category, (field, as, place, name) => WRITE[as](field, place[name]));
  form.querySelector(".gates").open = form.querySelector(".gates").open || gated(category.gates);
  asksFor(category.similarity, category.strictness);
}

function gated(gates) {
  return Object.values(gates).some((value) => value !== null && value !== undefined && String(value) !== "");
}

function asksFor(similarity, strictness) {
  const cosine = similarity !== null && similarity !== undefined;
  const share = typeof strictness === "number";
  form.elements.measure.value = cosine ? "similarity" : share ? "share" : strictness || "normal";
  form.elements.amount.value = cosine ? similarity : share ? strictness : "";
  allowAmount();
}

function allowAmount() {
  form.elements.amount.disabled = !["share", "similarity"].includes(form.elements.measure.value);
}

function edit(category) {
  changing = category.name;
  write(category);
  entitle();
  document.getElementById("draft").scrollIntoView({ block: "nearest" });
  form.elements.name.focus();
}

function anew() {
  changing = null;
  form.reset();
  allowAmount();
  entitle();
  found.hidden = true;
}

function entitle() {
  document.getElementById("draft-head").textContent = changing === null ? "Add a category" : `Change ${changing}`;
  document.getElementById("save").textContent = changing === null ? "Add" : "Save";
  answer("");
}

function answer(words, well) {
  const place = document.getElementById("answer");
  place.hidden = !words;
  place.className = `told ${well ? "done" : "failed"}`;
  place.firstChild.textContent = words;
}

function complete() {
  const gates = form.querySelector(".gates");
  if (gates.querySelector(":invalid")) gates.open = true; // what is closed cannot be pointed at
  return form.reportValidity();
}

async function save() {
  const category = read();
  if (changing === null) await ask("/api/categories/add", { category });
  else await ask("/api/categories/change", { name: changing, category });
  const words = changing === null
    ? `Added ${category.name}: photos that come from now on are held against it. “Look at stored photos again” does the rest.`
    : `Saved ${category.name}. What does not fit any more is taken back; “Look at stored photos again” sets what is missing.`;
  await refresh();
  changing = category.name;
  entitle();
  answer(words, true);
}

async function preview() {
  const category = read();
  const account = form.elements.account.value;
  answer("Looking …", true);
  const seen = await ask("/api/categories/preview", { account, category });
  answer("");
  show(seen, category);
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (complete()) busy(save, answer);
  });
  form.elements.measure.addEventListener("change", allowAmount);
  document.getElementById("preview").addEventListener("click", () => { if (complete()) busy(preview, answer); });
  document.getElementById("anew").addEventListener("click", anew);
}

// ---- the preview

function element(name, attributes, ...children) {
  return dressed(document.createElement(name), attributes, children);
}

function drawn(name, attributes, ...children) {
  return dressed(document.createElementNS(SVG, name), attributes, children);
}

function dressed(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function cosine(value) {
  return value.toFixed(3);
}

function count(number) {
  return number.toLocaleString();
}

function share(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

function show(seen, category) {
  const parts = [element("h2", {}, `${count(seen.fits)} of ${count(seen.photos)} photos of ${seen.account} fit ${seen.category}`)];
  if (seen.photos === 0) parts.push(soft("No photo of this account was looked at by this model yet."));
  if (seen.threshold === null) {
    parts.push(soft("The model was not measured yet, so a strictness has no cosine: nothing fits before that."));
  } else parts.push(figures(seen));
  if (seen.counts.length || seen.histogram.length) {
    parts.push(element("div", { class: "scale" }, ...(seen.histogram.length ? [histogram(seen)] : []), table(seen)));
  }
  if (seen.learned) parts.push(...learned(seen.learned, category));
  parts.push(...photos("The best", seen.top, seen.account), ...photos("At the border", seen.borderline, seen.account));
  found.replaceChildren(...parts);
  found.hidden = false;
  found.scrollIntoView({ block: "nearest" });
}

function soft(words) {
  return element("p", { class: "soft" }, words);
}

function figures(seen) {
  const told = [
    [seen.gains, "tagged anew, once stored photos are looked at again", "planned"],
    [seen.loses, "lose their tag", "failed"],
    [seen.waits, "wait for a gate to be known", "busy"],
    [seen.shut, "reach it, but a gate holds them", "busy"],
    [seen.vetoed, "held by a negative prompt", "busy"],
  ];
  const shown = told.filter(([number], at) => at < 2 || number);
  return element("dl", { class: "summary" }, ...shown.map(([number, words, tone]) =>
    element("div", { class: `figure ${number ? tone : ""}` }, element("dt", {}, words), element("dd", {}, count(number)))));
}

function table(seen) {
  const rows = seen.counts.map((one) => element("tr", one.cosine === seen.threshold ? { class: "now" } : {},
    element("th", { scope: "row" }, one.strictness || "as asked"),
    element("td", {}, cosine(one.cosine)), element("td", {}, count(one.photos))));
  const head = ["strictness", "cosine", "photos that reach it"].map((words) => element("th", { scope: "col" }, words));
  return element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

// Roots are drawn, so that the few that fit are seen beside the many that do not; the numbers are in the titles.
function histogram(seen) {
  const [low, high] = [seen.histogram[0].low, seen.histogram.at(-1).high];
  const at = (value) => 400 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
  const most = Math.sqrt(Math.max(...seen.histogram.map((bin) => bin.photos), 1));
  const bars = seen.histogram.map((bin) => {
    const height = 120 * Math.sqrt(bin.photos) / most;
    const tone = seen.threshold !== null && bin.high > seen.threshold ? "over" : "under";
    return drawn("rect", { class: tone, x: at(bin.low), y: 138 - height, width: Math.max(at(bin.high) - at(bin.low) - 1, 1), height },
      drawn("title", {}, `${cosine(bin.low)} to ${cosine(bin.high)}: ${count(bin.photos)}`));
  });
  const words = `Scores of all photos, ${cosine(low)} to ${cosine(high)}`;
  const marks = [[0, 154, "start", cosine(low)], [400, 154, "end", cosine(high)]];
  if (seen.threshold !== null) {
    const place = at(seen.threshold);
    bars.push(drawn("line", { x1: place, x2: place, y1: 2, y2: 138 }));
    marks.push([place < 200 ? place + 4 : place - 4, 10, place < 200 ? "start" : "end", cosine(seen.threshold)]);
  }
  const labels = marks.map(([x, y, anchor, label]) => drawn("text", { x, y, "text-anchor": anchor }, label));
  const picture = drawn("svg", { viewBox: "0 0 400 160", role: "img", "aria-label": words }, ...bars, ...labels);
  return element("figure", {}, picture, element("figcaption", { class: "soft" }, `${words}; heights are roots, the line is the threshold.`));
}

function learned(known, category) {
  const made = [];
  if (known.wanted || known.unwanted) {
    made.push(element("h3", {}, "On photos that you decided"),
      soft(`${count(known.wanted)} right, ${count(known.unwanted)} wrong` + (known.now ? `: ${onExamples(known.now)}.` : ".")));
  }
  if (known.better) {
    const use = element("button", { type: "button", class: "act" }, "Use it");
    use.addEventListener("click", () => {
      const by = known.better.strictness;
      const relative = category.similarity === undefined && by !== null;
      asksFor(relative ? null : Number(known.better.threshold.toFixed(4)), relative ? by : null);
      busy(preview, answer);
    });
    const by = known.better.strictness === null ? "" : `, strictness ${known.better.strictness}`;
    const words = `Better: a cosine of ${cosine(known.better.threshold)}${by}: ${onExamples(known.better)}.`;
    made.push(element("p", { class: "told done" }, element("span", {}, words), use));
  }
  if (known.note) made.push(element("p", { class: "told busy" }, element("span", {}, known.note)));
  return made;
}

function onExamples(one) {
  return `${share(one.precision)} of what it finds is right (precision), and it finds ${share(one.recall)} of what is right (recall)`;
}

function photos(words, seen, account) {
  if (!seen.length) return [];
  const cards = seen.map((one) => {
    const image = element("img", { src: `/thumb/${encodeURIComponent(account)}/${encodeURIComponent(one.asset)}`, alt: "", loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.classList.add("missing"));
    const state = one.fits ? (one.tagged ? "fits, tagged" : "fits") : one.tagged ? "tagged, would lose it" : "does not fit";
    const tone = one.fits ? "done" : one.tagged ? "failed" : "quiet";
    return element("li", {}, image, element("span", { class: `chip ${tone}`, title: state }, cosine(one.score)), element("span", { class: "unseen" }, state));
  });
  return [element("h3", {}, words), element("ul", { class: "seen" }, ...cards)];
}
