/* The map of a result: people by standard, service areas, and the run's figures. */
(function () {
  "use strict";
  const {
    data, words, record, make, append, fill, digits, money, unpack, shape, canvasOf, facts, button, section, siteKeys, frame,
    renderers, Late,
  } = window.plannerPage;
  const { siteCard, verdictOf } = window.plannerCards, more = window.plannerLayers;

  /* Okabe-Ito: blues are today's, greens are the plan's, vermilion is what is left. */
  const PEOPLE = {
    covered: { fill: true, fillColor: "#56b4e9", fillOpacity: 0.9, color: "#fff", weight: 0.6 },
    newly: { fill: true, fillColor: "#009e73", fillOpacity: 0.95, color: "#fff", weight: 0.6 },
    uncovered: { fill: true, fillColor: "#d55e00", fillOpacity: 0.78, color: "#fff", weight: 0.6 },
    unassessable: { fill: true, fillColor: "#fff", fillOpacity: 0.5, color: "#7d8287", weight: 1.2 },
  };

  const EDITS = { close: "#a50f15", add: "#117733", slow: "#b8860b", one_way: "#6a3d9a", entrance: "#00838f" };

  /* What a field check found has a ring, what is to be checked a dashed one. */
  const RING = { color: "#1a1a1a", weight: 1.6, opacity: 1 };
  const DASHED = { ...RING, dashArray: "2 2" };

  /* ---- symbols ---- */
  function peopleSymbol(kind, radius, ring) {
    const style = { ...PEOPLE[kind], ...ring };
    const svg = canvasOf(2 * Math.ceil(radius) + 4);
    return append(svg, shape("circle", { r: radius, fill: style.fillColor, "fill-opacity": style.fillOpacity, stroke: style.color, "stroke-width": style.weight, "stroke-dasharray": style.dashArray || "none" }));
  }

  /* ---- layers ---- */
  const points = unpack(data.points.place)[0] || [];
  const biggest = data.points.people.reduce((most, people) => Math.max(most, people), 1);
  const order = points.map((_, i) => i).sort((a, b) => data.points.people[b] - data.points.people[a] || a - b);
  const coverages = new Map(data.coverage.map((table) => [`${table.standard} ${table.state}`, table]));
  const peopleLayers = new Map();
  const plannedLayers = [];
  let current = null;

  /* Circles have room on the screen: the largest one is as wide as points usually lie apart, within reason. */
  let largest = 6;

  function radius(people) {
    return Math.max(1.4, largest * Math.sqrt(people / biggest));
  }

  function resize() {
    largest = Math.min(8, Math.max(3.4, more.pixels(data.spacing.points)));
    /* Symbols of sites shrink where they would hide each other, down to what can still be told apart. */
    const scale = data.spacing.sites ? Math.min(1, Math.max(0.5, more.pixels(data.spacing.sites) / 15)) : 1;
    window.plannerPage.map().getContainer().style.setProperty("--pm-site", scale.toFixed(2));
    peopleLayers.forEach((layer, key) => layer.eachLayer((circle) => circle.setStyle(styleOf(...key.split(" "), circle.row))));
    sizeKeys();
  }

  function kindOf(standard, state, i) {
    const code = coverages.get(`${standard} ${state}`).code[i];
    if (code === "n") { return "unassessable"; }
    if (code !== "c") { return "uncovered"; }
    const before = coverages.get(`${standard} today`);
    return state === "plan" && before && before.code[i] !== "c" ? "newly" : "covered";
  }

  function markOf(standard, i) {
    return data.marks ? data.marks[standard][i] : "-";
  }

  function ringOf(mark) {
    return mark === "-" ? {} : "mu".includes(mark) ? RING : DASHED;
  }

  /* On small circles the rings are thin, or they would hide what they stand around. */
  function styleOf(standard, state, i) {
    const style = { ...PEOPLE[kindOf(standard, state, i)], ...ringOf(markOf(standard, i)) };
    return { ...style, weight: style.weight * Math.min(1, largest / 6), radius: radius(data.points.people[i]) };
  }

  function reach(table, i) {
    const cell = make("td");
    const code = table.code[i];
    if (code === "-") { return append(cell, document.createTextNode("—")); }
    const kind = code === "c" ? "covered" : code === "n" ? "unassessable" : "uncovered";
    append(cell, document.createTextNode((code === "c" ? "✓ " : code === "n" ? "○ " : "✗ ") + words[kind]));
    const site = table.site[i];
    if (site >= 0 && table.metres[i] >= 0) {
      const values = { site: data.siteNames[site], metres: digits(table.metres[i]), minutes: (table.minutes[i] / 10).toFixed(1) };
      append(cell, make("div", "", fill(table.minutes[i] >= 0 ? words.way : words.way_metres, values)));
    }
    if (code !== "c" && code !== "n") { append(cell, make("div", "", words[data.reasons[code]])); }
    return cell;
  }

  function pointCard(layer) {
    const i = layer.row;
    const card = append(make("div", "pm-popup"), make("h3", "", data.points.name[i] || words.unnamed));
    append(card, facts([[words.location, data.points.place_of[i]], [words.people, fill(words.persons, { n: digits(data.points.people[i]) })], [words.verdict, verdictOf(i)]]));
    return append(card, standardsTable([i]));
  }

  /* Each standard in each state: of one point how it is reached, of several how many are covered. */
  function standardsTable(rows) {
    const table = make("table"), head = append(make("tr"), make("th", "", words.standard));
    data.states.forEach((state) => append(head, make("th", "", words[state])));
    append(table, append(make("thead"), head));
    record.standards.forEach((standard, s) => {
      const named = make("td", "", standard.name), mark = rows.length === 1 ? markOf(s, rows[0]) : "-";
      if (mark !== "-") { append(named, make("div", "pm-small", words[data.markWords[mark]])); }
      const row = append(make("tr"), named);
      data.states.forEach((state) => {
        const known = coverages.get(`${s} ${state}`);
        append(row, rows.length === 1 ? reach(known, rows[0]) : counted(known, rows));
      });
      append(table, row);
    });
    return table;
  }

  function counted(table, rows) {
    const asked = rows.filter((i) => table.code[i] !== "-");
    const covered = asked.filter((i) => table.code[i] === "c").length;
    return make("td", "", asked.length ? fill(words.of_points, { covered: digits(covered), all: digits(asked.length) }) : "—");
  }

  function pointTip(layer) {
    const i = layer.row;
    const people = fill(words.persons, { n: digits(data.points.people[i]) });
    return make("span", "", `${data.points.name[i] || words.unnamed} · ${people}`);
  }

  function people(standard, state) {
    const layer = new Late((group) => {
      const code = coverages.get(`${standard} ${state}`).code;
      order.filter((i) => code[i] !== "-").forEach((i) => {
        const circle = L.circleMarker(points[i], { ...styleOf(standard, state, i), pane: "people", renderer: renderers.people });
        circle.row = i;
        group.addLayer(circle);
      });
    });
    layer.bindPopup(pointCard, { maxWidth: 420, maxHeight: 460 }).bindTooltip(pointTip, { sticky: true });
    layer.on("add", () => show(standard, state));
    peopleLayers.set(`${standard} ${state}`, layer);
    return layer;
  }

  function sites(group) {
    const layer = window.plannerPage.sites(group);
    if (data.sites.groups[group].state === "planned") { plannedLayers.push(layer); }
    return layer.bindPopup(siteCard, { maxWidth: 360, maxHeight: 460 });
  }

  function areas(number) {
    const area = data.areas[number];
    const color = area.state === "plan" ? "#00593f" : "#005a8f";
    return new Late((group) => group.addLayer(L.polygon(unpack(area.lines), {
      color, weight: 1.3, opacity: 0.75, dashArray: area.state === "plan" ? "5 3" : null, fillColor: color, fillOpacity: 0.09,
      interactive: false, pane: "areas", renderer: renderers.areas,
    })));
  }

  /* Kinds of edits differ by their dashes as well: some of their colours are one to the colour-blind. */
  function dashOf(kind) {
    return { close: "7 5", slow: "2 6", one_way: "12 5 2 5", entrance: "4 3" }[kind] || null;
  }

  function edits() {
    return new Late((group) => data.edits.forEach((edit) => {
      const line = L.polyline(unpack(edit.lines), {
        color: EDITS[edit.kind], weight: 4, opacity: 0.9, dashArray: dashOf(edit.kind),
        pane: "people", renderer: renderers.people,
      });
      group.addLayer(line.bindTooltip(() => make("span", "", `${edit.name} · ${edit.what}`), { sticky: true }));
    }));
  }

  /* ---- the page around the map ---- */
  function show(standard, state) {
    current = { standard, state };
    document.querySelectorAll(".pm-rate").forEach((row, i) => row.classList.toggle("pm-current", i === standard));
    document.querySelectorAll("[data-state]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.state === state)));
    document.getElementById("pm-shown").textContent = fill(words.layer, { name: record.standards[standard].name, state: words[state] });
    more.relabel(standard, state);
  }

  function turn(state) {
    if (!current || current.state === state) { return; }
    const from = peopleLayers.get(`${current.standard} ${current.state}`);
    const to = peopleLayers.get(`${current.standard} ${state}`);
    const map = window.plannerPage.map();
    map.closePopup().removeLayer(from).addLayer(to);
    plannedLayers.forEach((layer) => (state === "plan" ? map.addLayer(layer) : map.removeLayer(layer)));
  }

  function rate(standard) {
    const row = append(make("div", "pm-rate"), make("strong", "", standard.name));
    const bar = append(row, make("div", "pm-bar")).lastChild;
    standard.states.forEach((rates, i) => {
      const part = make("i", `pm-bar-${data.states[i]}`);
      part.style.width = `${rates.tenths / 10}%`;
      bar.prepend(part);
      const covered = rates.covered === null ? "—" : digits(rates.covered);
      append(row, append(make("div", "pm-figure"), make("span", "", words[data.states[i]]), make("b", "", rates.share),
        make("span", "", fill(words.of_people, { covered, people: digits(standard.people) }))));
    });
    if (standard.not_assessable) { append(row, make("div", "pm-small", fill(words.apart, { people: digits(standard.not_assessable) }))); }
    return row;
  }

  function goals() {
    const list = make("ul");
    const sentence = data.states.includes("plan") ? words.goal_row : words.goal_row_today;
    record.goals.forEach((goal) => append(list, append(make("li"),
      make("span", goal.met ? "pm-met" : "pm-unmet", goal.met ? `✓ ${words.met} · ` : `✗ ${words.unmet} · `),
      make("span", "", goal.name), make("div", "pm-small", fill(sentence, goal)))));
    const heading = fill(words.goals, { met: record.goals.filter((goal) => goal.met).length, count: record.goals.length });
    return append(make("section"), append(make("details"), make("summary", "", heading), list));
  }

  function plan() {
    const yuan = (number) => (number === null || number === undefined ? null : money(number, false));
    const block = section(words.plan_heading, facts([
      [words.plan_status, fill(words[`status.${record.plan.status}`], { gap: record.plan.gap })],
      [words.plan_opened, record.plan.opened], [words.plan_once, yuan(record.plan.cost_once_yuan)],
      [words.plan_estimated, yuan(record.plan.estimated_yuan || null)], [words.plan_yearly, yuan(record.plan.cost_yearly_yuan)],
    ]));
    if (record.plan.given) {
      append(block, make("div", record.plan.best_effort ? "pm-unmet" : "pm-small", words.given));
      if (record.plan.broken.length) {
        const names = append(make("ul", "pm-conflict"), ...record.plan.broken.map((name) => make("li", "", name)));
        append(block, make("div", "pm-small", words.given_rules), names);
      }
    } else if (record.plan.best_effort) { append(block, make("div", "pm-unmet", words.best_effort)); }
    if (record.plan.conflict.length) {
      const names = append(make("ul", "pm-conflict"), ...record.plan.conflict.map((name) => make("li", "", name)));
      append(block, make("div", "pm-small", record.plan.conflict.length > 1 ? words.conflict : words.conflict_one), names);
    }
    return block;
  }

  function peopleKeys() {
    const keys = make("div", "pm-keys");
    ["covered", ...(data.states.includes("plan") ? ["newly"] : []), "uncovered", "unassessable"].forEach((kind) => append(keys, peopleSymbol(kind, 6), make("span", "", words[kind])));
    const marks = Object.keys(data.markWords || {});
    [["key_checked", RING], ["key_open", DASHED]].filter(([, ring]) => marks.some((mark) => ringOf(mark) === ring)).forEach(([key, ring]) => append(keys, peopleSymbol("unassessable", 6, ring), make("span", "", words[key])));
    const sizes = make("div", "pm-sizes");
    sizes.id = "pm-sizes";
    return section(words.key_people, keys, append(make("div"), sizes, make("div", "pm-small", words.key_size)));
  }

  function sizeKeys() {
    const nice = (number) => {
      const step = 10 ** Math.floor(Math.log10(Math.max(1, number)));
      return Math.floor(number / step) * step;
    };
    const sizes = [...new Set([nice(biggest / 20), nice(biggest / 4), nice(biggest)])].filter((n) => n >= 1);
    document.getElementById("pm-sizes").replaceChildren(...sizes.map((n) => append(make("span"), peopleSymbol("unassessable", radius(n)), make("span", "", digits(n)))));
  }

  function editKeys() {
    const keys = make("div", "pm-keys");
    [...new Set(data.edits.map((edit) => edit.kind))].forEach((kind) => {
      const stroke = { d: "M-9 0H9", stroke: EDITS[kind], "stroke-width": 4, "stroke-dasharray": dashOf(kind) || "none", fill: "none" };
      append(keys, append(canvasOf(24), shape("path", stroke)), make("span", "", words[`edit_${kind}`]));
    });
    return section(words.edits, keys);
  }

  function panel() {
    const shown = make("p", "pm-shown");
    shown.id = "pm-shown";
    const rates = section(words.rates, ...record.standards.map(rate));
    const last = [...(record.goals.length ? [goals()] : []), ...((record.plan.status || "none") === "none" ? [] : [plan()])];
    const others = [...(data.communities && data.communities.name.length ? [more.communityKeys()] : []), ...(data.edits ? [editKeys()] : []), ...(data.land ? [more.landKeys()] : [])];
    return [append(make("section"), shown), rates, peopleKeys(), siteKeys(), ...others, ...last];
  }

  function switches() {
    if (data.states.length < 2) { return []; }
    const group = make("div", "pm-switch");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.switch);
    data.states.forEach((state) => {
      const choice = button(words[state], () => turn(state));
      choice.dataset.state = state;
      append(group, choice);
    });
    return [group];
  }

  frame(panel(), switches());
  document.addEventListener("DOMContentLoaded", () => {
    resize();
    window.plannerPage.map().on("zoomend", resize);
  });
  const { land, communities, districts } = more;
  window.plannerCards.standardsTable = standardsTable;
  Object.assign(window.plannerMap, { people, sites, areas, edits, land, communities, districts });
})();
