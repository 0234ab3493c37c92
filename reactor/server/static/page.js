// Keeps the page alive: the server sends its living part whenever something changed; cards that are known stay in
// place, so that pictures do not flicker.
"use strict";

const board = document.getElementById("board");
const live = document.getElementById("live");
const sources = new Map();
const RETRIES_MS = [1500, 3000, 6000, 12000, 30000];

const today = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const earlier = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const style = time.dataset.style === "day" ? day : isToday ? today : earlier;
    time.textContent = style.format(moment);
    time.title = moment.toLocaleString();
  }
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const known = new Map(Array.from(board.querySelectorAll("article"), (card) => [card.dataset.key, card]));
  const first = known.size === 0;
  for (const card of fresh.content.querySelectorAll("article")) {
    const key = card.dataset.key;
    const words = card.querySelector(".words");
    const source = words.innerHTML;
    const old = known.get(key);
    if (old) {
      if (sources.get(key) !== source) old.querySelector(".words").replaceWith(words);
      card.replaceWith(old);
    } else if (!first) {
      card.classList.add("new");
    }
    known.delete(key);
    sources.set(key, source);
  }
  for (const key of known.keys()) sources.delete(key);
  localise(fresh.content);
  board.replaceChildren(fresh.content);
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

for (const image of board.querySelectorAll("img")) {
  if (image.complete && image.naturalWidth === 0) retry(image);
}
localise(board);
listen();
