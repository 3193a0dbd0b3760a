"use strict";
// Everything can be read without this script. It marks the place in the contents, enlarges figures, sorts tables and
// filters the misclassified pictures.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function markPlace() {
  const sections = all("main > section");
  let waiting = false;
  const mark = () => {
    waiting = false;
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const reached = sections.filter((section) => section.getBoundingClientRect().top <= innerHeight * 0.3);
    const place = end ? sections.at(-1) : (reached.at(-1) ?? sections[0]);
    for (const link of all(".contents a")) {
      if (decodeURIComponent(link.hash) !== `#${place.id}`) {
        link.removeAttribute("aria-current");
      } else if (!link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        const side = link.closest(".side");
        if (side) side.scrollTop = link.offsetTop - side.clientHeight / 2;
      }
    }
  };
  const soon = () => {
    if (!waiting) requestAnimationFrame(mark);
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  mark();
  const menu = document.querySelector(".menu details");
  menu.addEventListener("click", (event) => {
    if (event.target.closest("a")) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

function enlargeFigures() {
  const dialog = document.querySelector("dialog");
  const [place, stage, legend, zoom] = [".place", ".stage", ".legend", ".zoom"].map((part) => dialog.querySelector(part));
  const figures = all("figure");
  const buttons = figures.map((figure, index) => {
    const image = figure.querySelector("img");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    image.replaceWith(button);
    button.append(image);
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", () => {
      show(index);
      dialog.showModal();
      stage.focus();
    });
    return button;
  });
  let at = 0;

  function show(index) {
    at = (index + figures.length) % figures.length;
    const image = buttons[at].firstChild.cloneNode();
    image.loading = "eager";
    stage.replaceChildren(image);
    const caption = figures[at].querySelector("figcaption").cloneNode(true);
    for (const link of all("a", caption)) link.replaceWith(...link.childNodes);
    legend.replaceChildren(...caption.childNodes);
    const section = figures[at].closest("section").querySelector("h2").textContent;
    place.textContent = `${section}: figure ${at + 1} of ${figures.length}`;
    magnify(false);
  }

  function magnify(full) {
    stage.classList.toggle("zoomed", full);
    zoom.setAttribute("aria-pressed", String(full));
  }

  const act = {
    previous: () => show(at - 1),
    next: () => show(at + 1),
    zoom: () => magnify(!stage.classList.contains("zoomed")),
    close: () => dialog.close(),
  };
  for (const name of Object.keys(act)) dialog.querySelector(`.${name}`).addEventListener("click", act[name]);
  stage.addEventListener("click", act.zoom);
  dialog.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = { ArrowLeft: act.previous, ArrowRight: act.next, z: act.zoom };
    // The arrow keys scroll a figure that is shown in full pixels.
    const moves = event.key.startsWith("Arrow") && stage.classList.contains("zoomed");
    if (keys[event.key] && !moves) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  dialog.addEventListener("close", () => {
    stage.replaceChildren();
    buttons[at].focus();
  });
}

function sortTables() {
  const NUMBER = /^([<+−-]?)\s*([\d,]*\.?\d+)\s*(?:%|points|nats|of\b|to\b|\(|$)/;
  const NOTHING = new Set(["", "–", "none", "not defined"]);

  function first(cell) {
    if (!cell) return "";
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.data.trim();
      if (words) return words;
    }
    return "";
  }

  function cellAt(row, column) {
    let passed = 0;
    for (const cell of row.cells) {
      if (passed === column) return cell.colSpan > 1 ? null : cell;
      passed += cell.colSpan;
    }
    return null;
  }

  function numberOf(words) {
    const match = NUMBER.exec(words);
    if (!match) return null;
    const size = Number(match[2].replaceAll(",", ""));
    return match[1] === "-" || match[1] === "−" ? -size : match[1] === "<" ? size - 1e-9 : size;
  }

  // The rows to sort: without the name of a group, which stays first, and a total, which stays last.
  const sortable = (body) => [...body.rows].filter((row) => !row.matches(".task, .total") && row.cells.length > 1);
  const words = new Intl.Collator("en", { numeric: true });

  function arrange(table, column, direction) {
    const texts = [...table.tBodies].flatMap(sortable).map((row) => first(cellAt(row, column)));
    const numeric = texts.every((text) => NOTHING.has(text) || numberOf(text) !== null);
    for (const body of table.tBodies) {
      const rows = sortable(body).sort((one, other) => one.dataset.order - other.dataset.order);
      if (direction) {
        const key = new Map(rows.map((row) => [row, first(cellAt(row, column))]));
        const compare = (one, other) =>
          numeric ? numberOf(key.get(one)) - numberOf(key.get(other)) : words.compare(key.get(one), key.get(other));
        rows.sort((one, other) => {
          const [none, neither] = [NOTHING.has(key.get(one)), NOTHING.has(key.get(other))];
          return none || neither ? none - neither : direction * compare(one, other);
        });
      }
      const total = [...body.rows].find((row) => row.matches(".total"));
      for (const row of rows) body.insertBefore(row, total ?? null);
    }
  }

  for (const table of all("main table")) {
    if (![...table.tBodies].some((body) => sortable(body).length > 1)) continue;
    all("tbody tr", table).forEach((row, index) => (row.dataset.order = index));
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.ariaSort];
        const turned = next === undefined ? "ascending" : next;
        for (const other of heads) other.removeAttribute("aria-sort");
        if (turned) head.setAttribute("aria-sort", turned);
        arrange(table, column, { ascending: 1, descending: -1 }[turned] ?? 0);
      });
    });
  }
}

// Parts wider than the window can be scrolled by keyboard.
function makeWideFocusable() {
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
        target.setAttribute("role", "group");
        target.setAttribute("aria-label", "Scrolls sideways");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
      }
    }
  });
  for (const wide of all(".wide, pre")) watch.observe(wide);
}

function filterMistakes() {
  const filters = document.querySelector(".filters");
  if (!filters) return;
  const [gallery, count, none] = [".gallery", ".count", ".none"].map((part) => document.querySelector(part));
  const cards = all(".mistake").map((card) => ({
    card,
    line: card.querySelector(".surest"),
    wrong: new Map(all("[data-variant]", card).map((answer) => [answer.dataset.variant, answer])),
    ...card.dataset,
  }));
  const probability = (answer) => Number(answer.dataset.probability);
  const surest = (one) => [...one.wrong.values()].reduce((a, b) => (probability(b) > probability(a) ? b : a));

  function filter() {
    const asked = Object.fromEntries(new FormData(filters));
    const terms = asked.search.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = cards.filter(
      (one) =>
        terms.every((term) => one.words.includes(term)) &&
        (!asked.variant || one.wrong.has(asked.variant)) &&
        ["origin", "source", "style"].every((part) => !asked[part] || asked[part] === one[part]) &&
        one.wrong.size >= Number(asked.least),
    );
    const chosen = (one) => one.wrong.get(asked.variant) ?? surest(one);
    if (asked.order !== "wrong") {
      const direction = asked.order === "surest" ? -1 : 1;
      kept.sort((one, other) => direction * (probability(chosen(one)) - probability(chosen(other))));
    }
    for (const one of cards) one.card.hidden = true;
    for (const one of kept) {
      one.card.hidden = false;
      one.line.textContent = chosen(one).textContent;
    }
    gallery.append(...kept.map((one) => one.card));
    const all = cards.length === kept.length;
    count.textContent = all ? count.dataset.all : `${kept.length} of the ${cards.length} pictures here match`;
    none.hidden = kept.length > 0;
  }

  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  // The browser resets the form after this event.
  filters.addEventListener("reset", () => setTimeout(filter));
  // A browser restores the choices of a reloaded page.
  filter();
}

function openForPrint() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("main details:not([open])");
    for (const part of opened) part.open = true;
    for (const image of all("img")) image.loading = "eager";
  });
  addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
  });
}

markPlace();
enlargeFigures();
sortTables();
makeWideFocusable();
filterMistakes();
openForPrint();
