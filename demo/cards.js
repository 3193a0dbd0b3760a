// The card of a network's answer, with bars, and the descriptions of the networks that a person chooses from.

import { added, inWords, percent, plain } from "./answer.js";
import { element } from "./dom.js";

const MEGABYTE = 1e6;
const SHOWN = 5;

const FOR = {
  origin: "human or AI",
  source: "human, or which generator",
  folder: "its generator and its style",
  origin_style: "human or AI, and its style",
  source_style: "its generator and its style",
};

const megabytes = (bytes) => `${(bytes / MEGABYTE).toFixed(1)} MB`;

function bars(title, rows, coloured = false) {
  const shown = rows.slice(0, SHOWN);
  const left = rows.slice(SHOWN).reduce((sum, [, share]) => sum + share, 0);
  if (rows.length > SHOWN) shown.push([`${rows.length - SHOWN} others`, left]);
  const list = element("dl", { className: "bars" });
  for (const [value, share] of shown) {
    const row = element("div", {}, element("dt", {}, plain(value)), element("dd", {}, percent(share)));
    row.style.setProperty("--share", share);
    if (coloured) row.dataset.of = value;
    list.append(row);
  }
  return [element("h4", {}, title), list];
}

// The thresholds between which a network is unsure.
function cuts({ low, high }) {
  const ai = high === null ? "Never called AI." : `Called AI if the probability of AI is above ${percent(high)}.`;
  const human = low === null ? "Never called human." : `Called human if it is below ${percent(low)}.`;
  return element("p", { className: "cuts" }, `${ai} ${human}`);
}

// The card of one answer.
export function card({ name, facts }, { said, probabilities, ai }) {
  const made = element(
    "article",
    { className: "card", ariaLabel: name },
    element("h3", {}, name),
    element("p", { className: "verdict" }, inWords(said)),
    ...bars("Origin", [["ai", ai], ["human", 1 - ai]], true),
    cuts(facts.band),
  );
  const marked = made.querySelector("[data-of=ai]");
  for (const [end, cut] of Object.entries(facts.band)) if (cut !== null) marked.style.setProperty(`--${end}`, cut);
  made.dataset.said = said;
  made.dataset.variant = name;
  for (const [part, title] of [["source", "Source"], ["style", "Style"]]) {
    const values = facts.parts[part];
    if (values && new Set(values).size > 1) made.append(...bars(title, added(probabilities, values)));
  }
  return made;
}

const share = (value) => (value === null ? "unknown" : percent(value));

function interval({ value, low, high }) {
  return low === null || high === null ? share(value) : `${share(value)} (${percent(low)} to ${percent(high)})`;
}

// A box to tick, with the network's purpose, size and accuracy.
export function choice({ name, facts, bytes, figures }, checked) {
  const box = element("input", { type: "checkbox", name: "network", value: name, id: `ask-${name}`, checked });
  const about = element("p", { id: `about-${name}` }, `For ${FOR[facts.task]}; ${megabytes(bytes)}.`);
  box.setAttribute("aria-describedby", about.id);
  const measured = figures.map((figure) =>
    element("li", {}, `${figure.what}: ${interval(figure)}; ${figure.instead}: ${share(figure.baseline)}.`),
  );
  const label = element("label", { htmlFor: box.id }, name);
  const summary = element("summary", { ariaLabel: `Accuracy of ${name}` }, "Accuracy");
  const good = element("details", {}, summary, element("ul", {}, ...measured));
  return element("div", { className: "choice" }, box, label, about, good);
}

const FORBIDDEN = "Out-of-scope uses";
const WRONG = "False accusations and misses";

function sentences(said) {
  return element("ul", {}, ...said.map((sentence) => element("li", {}, sentence)));
}

// The limits of these variants from their model cards: first the uses that are out of scope for all of them.
export function limits(variants) {
  const said = variants.map(({ card }) => new Map(card.map((section) => [section.heading, section.sentences])));
  const forbidden = new Set(said.flatMap((card) => card.get(FORBIDDEN)));
  const each = variants.map(({ name }, index) => {
    const rest = [...said[index]].filter(([heading]) => heading !== FORBIDDEN && heading !== WRONG);
    return element(
      "article",
      { ariaLabel: name },
      element("h3", {}, `${name}: false accusations and misses`),
      sentences(said[index].get(WRONG)),
      element(
        "details",
        {},
        element("summary", {}, `The whole model card of ${name}`),
        ...rest.flatMap(([heading, of]) => [element("h4", {}, heading), sentences(of)]),
      ),
    );
  });
  return [sentences([...forbidden]), ...each];
}
