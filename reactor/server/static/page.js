// Keeps the page alive: the server sends its living part whenever something changed, and only what differs is touched,
// so that pictures do not flicker, and the keyboard stays where it is. Buttons send JSON to the API.
"use strict";

const board = document.getElementById("board");
const live = document.getElementById("live");
const said = document.getElementById("said");
const RETRIES_MS = [1500, 3000, 6000, 12000, 30000];
const SAID_MS = 8000;

const today = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const earlier = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    time.title = moment.toLocaleString();
    if (time.dataset.style === "ago") continue;
    const isToday = moment.toDateString() === new Date().toDateString();
    const style = time.dataset.style === "day" ? day : isToday ? today : earlier;
    time.textContent = style.format(moment);
  }
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  localise(fresh.content);
  morphChildren(board, fresh.content);
}

// Make an element like a fresh one of its kind; what the reader typed, opened or waits for is left alone.
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.dataset.keep !== undefined || old.tagName === "IMG") return;
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of Array.from(old.attributes)) {
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "disabled") old.removeAttribute(name);
  }
  morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const known = new Map();
  for (const child of old.children) if (child.dataset.key) known.set(child.dataset.key, child);
  const wanted = new Set(Array.from(fresh.children, (child) => child.dataset.key));
  const first = old.querySelector(":scope > article") === null;
  const used = new Set();
  let at = old.firstChild;
  for (const next of Array.from(fresh.childNodes)) {
    while (at && used.has(at)) at = at.nextSibling;
    const key = next.dataset && next.dataset.key;
    const match = key ? known.get(key) : alike(at, next) ? at : null;
    if (match) {
      // What goes is taken out before what stays would be moved: a field that is moved loses the keyboard.
      while (at && at !== match && !(at.dataset && at.dataset.key && wanted.has(at.dataset.key))) {
        const gone = at;
        at = at.nextSibling;
        if (!used.has(gone)) gone.remove();
      }
      if (match !== at) old.insertBefore(match, at);
      morph(match, next);
      used.add(match);
    } else {
      if (!first && next.nodeName === "ARTICLE") next.classList.add("new");
      used.add(old.insertBefore(next, at));
    }
  }
  for (const child of Array.from(old.childNodes)) if (!used.has(child)) child.remove();
}

function alike(old, fresh) {
  return old !== null && old.nodeName === fresh.nodeName && !(old.dataset && old.dataset.key);
}

function listen() {
  const feed = new EventSource("/feed");
  feed.addEventListener("open", () => say("on", "live"));
  feed.addEventListener("board", (event) => show(event.data));
  feed.addEventListener("error", () => {
    say("waiting", "connecting again …");
    // A refusal ends an EventSource for good; a lost connection it takes up by itself.
    if (feed.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

function say(state, words) {
  live.dataset.state = state;
  live.textContent = words;
}

let saying = 0;
function tell(words, well) {
  said.textContent = words;
  said.className = well ? "well" : "ill";
  clearTimeout(saying);
  saying = setTimeout(() => { said.textContent = ""; }, SAID_MS);
}

async function send(path, body, did) {
  try {
    const answer = await fetch(location.origin + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const words = await answer.json();
    tell(answer.ok ? told(words, did) : words.message, answer.ok);
    return answer.ok;
  } catch {
    tell("The reactor does not answer.", false);
    return false;
  }
}

function told(words, did) {
  if (words.message) return words.message;
  if (words.joined) return "Joined what is under way: " + words.run.title;
  if (words.run) return "Begun: " + words.run.title;
  if (words.changed !== undefined) return words.changed.toLocaleString() + " " + (did || "changed") + ".";
  return "Done.";
}

async function act(button) {
  if (button.dataset.sure && !confirm(button.dataset.sure)) return;
  button.disabled = true;
  const body = JSON.parse(button.dataset.body);
  // Counted from the click: the page may have been drawn long before.
  if (button.dataset.sinceHours) body.since = new Date(Date.now() - button.dataset.sinceHours * 3600000).toISOString();
  await send(button.dataset.post, body, button.dataset.did);
  button.disabled = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post]");
  if (button) act(button);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const body = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === "checkbox") body[field.name] = field.checked;
    else if (field.value) body[field.name] = field.dataset.list === undefined ? field.value : [field.value];
  }
  if (await send(form.dataset.post, body)) form.closest("details").open = false;
});

// A thumbnail may not exist yet when its photo is heard of, so it is asked for a few times more.
function retry(image) {
  const tries = Number(image.dataset.tries || 0);
  image.classList.add("missing");
  if (tries >= RETRIES_MS.length) return;
  image.dataset.tries = String(tries + 1);
  setTimeout(() => { image.src = image.src.split("?")[0] + "?again=" + (tries + 1); }, RETRIES_MS[tries]);
}

board.addEventListener("error", (event) => { if (event.target instanceof HTMLImageElement) retry(event.target); }, true);
board.addEventListener("load", (event) => event.target.classList.remove("missing"), true);
board.addEventListener("animationend", (event) => event.target.classList.remove("new"));

document.documentElement.classList.add("js");
for (const image of board.querySelectorAll("img")) {
  if (image.complete && image.naturalWidth === 0) retry(image);
}
localise(board);
listen();
