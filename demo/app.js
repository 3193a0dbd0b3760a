// The page: a picture comes in, each ticked network answers, and the answers are shown side by side.

import { plain, probabilityOfAi, together, verdict } from "./answer.js";
import { ask } from "./ask.js";
import { card, choice, limits } from "./cards.js";
import { element, find } from "./dom.js";
import * as where from "./where.js";

// So many networks, if they are small, are fetched before a picture is chosen.
const AT_FIRST = 3;
const SMALL = 8e6;

async function fetched(name) {
  const response = await fetch(name).catch(() => null);
  if (!response?.ok) throw new Error(`${name} cannot be loaded: check the connection and try again.`);
  return response;
}

const NOTHING = find("said").textContent;

let about = null;
let variants = null;
const loaded = new Map();
let picture = null;
let turn = 0;

function trouble(error) {
  find("trouble").textContent = error.message;
}

function load(name) {
  if (!loaded.has(name)) {
    const { file, facts } = variants.get(name);
    const loading = fetched(file)
      .then((response) => response.arrayBuffer())
      .then((bytes) => ask("load", { name, facts, bytes: new Uint8Array(bytes) }));
    loaded.set(name, loading);
    loading.catch(() => loaded.delete(name));
  }
  return loaded.get(name);
}

const asked = () => [...document.querySelectorAll("input[name=network]:checked")].map((box) => box.value);

// Clear all answers, so that none seems to belong to the next picture.
function forget() {
  picture = null;
  where.stop();
  for (const id of ["where", "shown"]) find(id).hidden = true;
  for (const id of ["trouble", "truth", "computed"]) find(id).textContent = "";
  find("cards").replaceChildren();
  say("Opening the picture …");
}

function say(words, said = null) {
  find("said").textContent = words;
  if (said) find("said").dataset.said = said;
  else delete find("said").dataset.said;
}

// Show a picture and ask the networks; `truth` holds the labels of a picture from the gallery.
async function take(file, truth = null) {
  turn += 1;
  const mine = turn;
  forget();
  try {
    const opened = await ask("open", { file, facts: about.variants.map(({ facts }) => facts) });
    if (mine !== turn) return;
    show(opened, file.name, truth);
  } catch (error) {
    if (mine !== turn) return;
    say(NOTHING);
    trouble(error);
    return;
  }
  await answer();
}

function show({ width, height, preview }, name, truth) {
  picture = { width, height, truth };
  for (const canvas of [find("preview"), find("under")]) {
    [canvas.width, canvas.height] = [preview.width, preview.height];
    canvas.getContext("2d").drawImage(preview, 0, 0);
  }
  preview.close();
  find("preview").setAttribute("aria-label", truth ? "The picture from the gallery" : `The picture ${name}`);
  find("caption").textContent = `${truth ? "From the gallery" : name}, ${width} × ${height} pixels`;
  find("shown").hidden = false;
}

async function answer() {
  if (!picture) return;
  turn += 1;
  const mine = turn;
  const names = asked();
  let seconds = 0;
  find("truth").textContent = "";
  find("start").disabled = true;
  say("Waiting for the networks …");
  const answers = new Map();
  find("cards").replaceChildren();
  for (const name of names) {
    try {
      const { threads } = await load(name);
      const begun = performance.now();
      const { logits, probabilities } = await ask("answer", { name });
      if (mine !== turn) return;
      seconds += (performance.now() - begun) / 1000;
      const { facts } = variants.get(name);
      const ai = probabilityOfAi(probabilities, facts);
      answers.set(name, { facts, logits, probabilities, ai, said: verdict(ai, facts.band) });
      find("cards").append(card(variants.get(name), answers.get(name)));
      computed(seconds, threads);
    } catch (error) {
      if (mine !== turn) return;
      trouble(error);
    }
  }
  where.offer(answers, picture);
  if (!answers.size) {
    say(names.length ? "No network could answer." : "Tick a network to ask it.");
    return;
  }
  const { said, words } = together([...answers.values()].map((given) => given.said));
  say(words, said);
  if (picture.truth) {
    const { origin, source, style } = picture.truth;
    const known = [origin === "ai" ? "AI" : "human", source === origin ? null : source, style].filter(Boolean);
    find("truth").textContent = `Its label: ${known.map(plain).join(", ")}.`;
  }
  for (const name of answers.keys()) {
    const { threads } = await load(name);
    // A network that fails on the graphics card continues without it.
    if (await ask("trial", { name }).catch(() => false)) variants.get(name).moved = true;
    if (mine !== turn) return;
    computed(seconds, threads);
  }
}

// Say where and how fast the answers were computed. The graphics card is tried after the first answer, and kept if
// it is faster.
function computed(seconds, threads) {
  const moved = asked().filter((name) => variants.get(name).moved);
  const on = `${threads} ${threads === 1 ? "thread" : "threads"}`;
  find("computed").textContent =
    `Computed on this device in ${seconds.toFixed(2)} s, with WebAssembly on ${on}` +
    (moved.length ? `, or with WebGPU, which is faster here for ${moved.join(" and ")}.` : ".");
}

function offerNetworks() {
  const small = about.variants.filter(({ bytes }) => bytes < SMALL).slice(0, AT_FIRST);
  for (const variant of about.variants) find("networks").append(choice(variant, small.includes(variant)));
  find("networks").addEventListener("change", ({ target }) => {
    find("trouble").textContent = "";
    tellLimits();
    answer();
  });
  tellLimits();
  return Promise.all(small.map(({ name }) => load(name)));
}

function tellLimits() {
  find("limits").replaceChildren(...limits(asked().map((name) => variants.get(name))));
}

// The pictures are kept, so that the page still works without a network.
async function offerGallery() {
  const fitted = about.variants.filter((variant) => variant.fitted_to_tests).map((variant) => variant.name);
  find("offer").textContent = fitted.length
    ? `or choose a test picture; after the tests, all of them were used to train ${fitted.join(" and ")}, too:`
    : "or choose one that no network was trained on:";
  const files = await Promise.all(
    about.gallery.map(async ({ file, type }) => new Blob([await (await fetched(file)).arrayBuffer()], { type })),
  );
  files.forEach((file, index) => {
    const name = `Gallery picture ${index + 1}`;
    const radio = element("input", { type: "radio", name: "gallery", className: "unseen", ariaLabel: name });
    radio.addEventListener("change", () => take(file, about.gallery[index]));
    find("pictures").append(element("label", {}, radio, element("img", { src: URL.createObjectURL(file), alt: "" })));
  });
}

function fromOutside(file) {
  const chosen = document.querySelector("input[name=gallery]:checked");
  if (chosen) chosen.checked = false;
  take(file);
}

function listen() {
  find("file").addEventListener("change", ({ target }) => {
    if (target.files.length) fromOutside(target.files[0]);
    target.value = "";
  });
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData.files.length) fromOutside(clipboardData.files[0]);
  });
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      find("drop").classList.add("over");
    });
  }
  document.addEventListener("dragleave", () => find("drop").classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    find("drop").classList.remove("over");
    if (event.dataTransfer.files.length) fromOutside(event.dataTransfer.files[0]);
  });
}

async function start() {
  const [response] = await Promise.all([fetched("models.json"), ask("start")]);
  about = await response.json();
  variants = new Map(about.variants.map((variant) => [variant.name, variant]));
  find("title").textContent = about.title;
  find("synthetic").hidden = !about.synthetic;
  where.prepare(trouble);
  listen();
  for (const outcome of await Promise.allSettled([offerGallery(), offerNetworks()])) {
    if (outcome.status === "rejected") trouble(outcome.reason);
  }
  find("starting").remove();
  document.documentElement.dataset.ready = "";
}

start().catch(trouble);
