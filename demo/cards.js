// The label beside the picture: what one network says, with bars; and what is said of networks before one asks them.

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

export const megabytes = ({ bytes }) => `${(bytes / MEGABYTE).toFixed(1)} MB`;

function bars(title, rows, kind) {
  const shown = rows.slice(0, SHOWN);
  const left = rows.slice(SHOWN).reduce((sum, [, share]) => sum + share, 0);
  if (rows.length > SHOWN) shown.push([`${rows.length - SHOWN} others`, left]);
  const table = element("table", { className: "bars" }, element("caption", {}, title));
  for (const [value, share] of shown) {
    const bar = element("span", { className: "bar" });
    bar.style.setProperty("--share", share);
    if (kind) bar.dataset.of = value;
    table.append(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, plain(value) === "ai" ? "AI" : plain(value)),
        element("td", { className: "drawn", ariaHidden: "true" }, bar),
        element("td", { className: "share" }, percent(share)),
      ),
    );
  }
  return table;
}

// What a network says of a picture.
export function card({ name, facts }, { said, probabilities, ai }) {
  const made = element(
    "article",
    { className: "card", ariaLabel: name },
    element("h3", {}, name),
    element("p", { className: "verdict" }, inWords(said)),
    bars("Origin", [["ai", ai], ["human", 1 - ai]], true),
  );
  made.dataset.said = said;
  made.dataset.variant = name;
  for (const [part, title] of [["source", "Source"], ["style", "Style"]]) {
    const values = facts.parts[part];
    if (values && new Set(values).size > 1) made.append(bars(title, added(probabilities, values)));
  }
  return made;
}

function interval({ value, low, high }) {
  if (value === null) return "unknown";
  return low === null || high === null ? percent(value) : `${percent(value)} (${percent(low)} to ${percent(high)})`;
}

// A box to tick, with what the network costs, is for and can.
export function choice({ name, facts, bytes, figures }, checked) {
  const box = element("input", { type: "checkbox", name: "network", value: name, id: `ask-${name}`, checked });
  const described = `about-${name}`;
  box.setAttribute("aria-describedby", described);
  const about = element("p", { id: described }, `For ${FOR[facts.task]}. ${megabytes({ bytes })}, sees ${facts.image_size} pixels a side.`);
  const told = figures.map((figure) =>
    element("li", {}, `${figure.what}: ${interval(figure)}; ${figure.instead}: ${figure.baseline === null ? "unknown" : percent(figure.baseline)}.`),
  );
  return element("div", { className: "choice" }, box, element("label", { htmlFor: box.id }, name), about, element("ul", {}, ...told));
}

// What the model cards of the asked networks say of their limits; the first sections open, the rest to unfold.
const FOREMOST = ["What it must not be used for", "Whom it wrongs"];

function sentences(section) {
  return element("ul", {}, ...section.sentences.map((sentence) => element("li", {}, sentence)));
}

export function limits({ name, card: sections }) {
  const made = element("article", { ariaLabel: name }, element("h3", {}, name));
  for (const heading of FOREMOST) {
    const section = sections.find((of) => of.heading === heading);
    made.append(element("h4", {}, heading), sentences(section));
  }
  const rest = element("details", {}, element("summary", {}, `All that is known of ${name}`));
  for (const section of sections) {
    if (!FOREMOST.includes(section.heading)) rest.append(element("h4", {}, section.heading), sentences(section));
  }
  made.append(rest);
  return made;
}
