// The map of where a network looks. It is computed position by position, so that it can be shown while it grows, and
// cancelled.

import { percent, plain, softmax } from "./answer.js";
import { ask } from "./ask.js";
import { element, find } from "./dom.js";
import { asMap, coloured, filled, passes, scaled, steps } from "./occlusion.js";
import { starts } from "./resample.js";

// The most input values in one request to the worker, which answers no other request meanwhile.
const BATCH = 32 * 64 * 64;
// The longer side in pixels of a map that covers parts of a picture.
const LARGEST = 1024;

// The map that was drawn last: float32, side × side.
export let drawn = null;

let run = 0;
let picture = null;

// Offer the networks that have answered, by name; the first is selected.
export function offer(answered, shown) {
  stop();
  picture = { answered, shown };
  const looker = find("looker");
  const before = looker.value;
  looker.replaceChildren(...[...answered.keys()].map((name) => element("option", { value: name }, name)));
  if (answered.has(before)) looker.value = before;
  find("where").hidden = answered.size === 0;
  find("start").disabled = false;
  find("mapped").hidden = true;
  find("progressed").textContent = "";
}

export function stop() {
  run += 1;
  const focused = document.activeElement === find("cancel");
  find("start").hidden = false;
  if (focused) find("start").focus();
  find("cancel").hidden = true;
  find("progress").hidden = true;
}

// Each part of the map lies on the part of the picture that the network saw.
function paint(map, { image_size: side, resize: view, harmonise }) {
  const source = new OffscreenCanvas(side, side);
  source.getContext("2d").putImageData(new ImageData(coloured(map), side, side), 0, 0);
  const canvas = find("map");
  const { width, height } = picture.shown;
  const seen = harmonise ? { width: harmonise.side, height: harmonise.side } : { width, height };
  if (view.startsWith("crop")) {
    const scale = Math.min(1, LARGEST / Math.max(seen.width, seen.height));
    canvas.width = Math.max(1, Math.round(seen.width * scale));
    canvas.height = Math.max(1, Math.round(seen.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const [lefts, tops] = [seen.width, seen.height].map((size) => starts(size, side, view));
    const crop = side / lefts.length;
    tops.forEach((top, row) =>
      lefts.forEach((left, column) => {
        const from = [column * crop, row * crop, crop, crop];
        context.drawImage(source, ...from, ...[left, top, crop, crop].map((length) => length * scale));
      }),
    );
  } else {
    canvas.width = side;
    canvas.height = side;
    canvas.getContext("2d").drawImage(source, 0, 0);
  }
  const square = harmonise ? Math.min(width, height) : null;
  canvas.style.width = square ? `${(100 * square) / width}%` : "100%";
  canvas.style.height = square ? `${(100 * square) / height}%` : "100%";
  find("mapped").hidden = false;
}

// Draw the map of the selected network until it is complete or cancelled.
async function draw() {
  stop();
  const mine = run;
  const name = find("looker").value;
  const { facts, logits } = picture.answered.get(name);
  const side = facts.image_size;
  const [patch, stride] = ["patch", "stride"].map((setting) => scaled(find(setting).valueAsNumber, side));
  const count = steps(side, patch, stride);
  const named = logits.indexOf(Math.max(...logits));
  const certainty = softmax(logits)[named];
  const drops = new Float32Array(count * count);
  const progress = find("progress");
  const [begun, batch] = [performance.now(), Math.max(1, Math.floor(BATCH / side ** 2))];
  find("start").hidden = true;
  find("cancel").hidden = false;
  Object.assign(progress, { hidden: false, value: 0, max: count * count });
  find("progressed").textContent = `Trying ${count * count} positions.`;
  for (const { pace, places } of passes(count)) {
    for (let from = 0; from < places.length; from += batch) {
      const now = places.slice(from, from + batch);
      const hidden = await ask("hide", { name, count, patch, stride, places: now });
      if (mine !== run) return;
      now.forEach((place, index) => {
        drops[place] = certainty - softmax(hidden[index])[named];
      });
      progress.value += now.length;
    }
    drawn = asMap(filled(drops, count, pace), side, patch, stride);
    paint(drawn, facts);
  }
  stop();
  const most = drawn.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  find("progressed").textContent = `The map is complete: ${count * count} positions in ${((performance.now() - begun) / 1000).toFixed(1)} s.`;
  find("explained").textContent =
    `Orange: hiding this part makes ${name} less confident of “${plain(facts.classes[named])}”; purple: more confident. ` +
    `The largest change is ${(100 * most).toFixed(1)} points, from ${percent(certainty)} before calibration.`;
}

function tell(setting) {
  find(setting).nextElementSibling.textContent = `${find(setting).value} of 128`;
}

export function prepare(trouble) {
  for (const setting of ["patch", "stride"]) {
    tell(setting);
    find(setting).addEventListener("input", () => {
      // A stride beyond the patch would leave pixels out.
      if (find("stride").valueAsNumber > find("patch").valueAsNumber) find("stride").value = find("patch").value;
      tell("patch");
      tell("stride");
    });
  }
  find("start").addEventListener("click", () => {
    draw().catch((error) => {
      stop();
      trouble(error);
    });
    find("cancel").focus();
  });
  find("cancel").addEventListener("click", () => {
    stop();
    find("progressed").textContent = "Cancelled.";
  });
  find("opacity").addEventListener("input", () => {
    find("map").style.opacity = find("opacity").value;
  });
}
