/* Draws the planner's compact arrays with Leaflet. Names are data: they reach the page by textContent only. */
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("planner-data").textContent);
  const words = data.words;
  const record = data.record;
  const SVG = "http://www.w3.org/2000/svg";

  /* Okabe-Ito: blues are today's, greens are the plan's, vermilion is what is left. */
  const PEOPLE = {
    covered: { fill: true, fillColor: "#56b4e9", fillOpacity: 0.9, color: "#fff", weight: 0.6 },
    newly: { fill: true, fillColor: "#009e73", fillOpacity: 0.95, color: "#fff", weight: 0.6 },
    uncovered: { fill: true, fillColor: "#d55e00", fillOpacity: 0.78, color: "#fff", weight: 0.6 },
    unassessable: { fill: true, fillColor: "#fff", fillOpacity: 0.5, color: "#7d8287", weight: 1.2 },
  };
  const SITES = { today: "#005a8f", planned: "#00593f", candidate: "#8a8f94" };
  const ROADS = {
    path: ["#dddbd5", 0.8], minor: ["#d3d1cb", 1.05], medium: ["#c1bfb8", 1.8], major: ["#a9a69f", 2.6],
  };
  const SHAPES = [
    "M-6-6H6V6H-6Z", "M0-7.8 7.8 0 0 7.8-7.8 0Z", "M0-7.6 7.4 5.6H-7.4Z", "M-3.9-6.8H3.9L7.8 0 3.9 6.8H-3.9L-7.8 0Z",
    "M0 7.6-7.4-5.6H7.4Z", "M-2.6-7.4H2.6V-2.6H7.4V2.6H2.6V7.4H-2.6V2.6H-7.4V-2.6H-2.6Z",
    "M0-7.8 7.4-2.4 4.6 6.3H-4.6L-7.4-2.4Z", "M-4.5-6.5H4.5L7.5 5.5H-7.5Z",
  ];

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  function append(parent, ...children) {
    children.forEach((child) => parent.appendChild(child));
    return parent;
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
  }

  function digits(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /* Lines as [lat, lon] pairs from counts and running differences of 1e-5 degree. */
  function unpack(packed) {
    let x = 0, y = 0, at = 0;
    return packed.n.map((count) => {
      const line = new Array(count);
      for (let i = 0; i < count; i += 1) {
        x += packed.d[at];
        y += packed.d[at + 1];
        at += 2;
        line[i] = [y / 1e5, x / 1e5];
      }
      return line;
    });
  }

  /* ---- symbols ---- */
  function shape(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  function canvasOf(size) {
    return shape("svg", { width: size, height: size, viewBox: `${-size / 2} ${-size / 2} ${size} ${size}`, "aria-hidden": "true" });
  }

  function siteSymbol(state, form, number) {
    const scale = { today: 1, planned: 1.45, candidate: 0.75, closed: 1 }[state];
    const svg = canvasOf(24);
    if (state === "closed") {
      const cross = "M-5-5 5 5M5-5-5 5";
      return append(svg, shape("path", { d: cross, stroke: "#fff", "stroke-width": 5, fill: "none" }),
        shape("path", { d: cross, stroke: "#4d5257", "stroke-width": 2, fill: "none" }));
    }
    const path = SHAPES[form % SHAPES.length];
    append(svg,
      shape("path", { d: path, transform: `scale(${scale})`, fill: "none", stroke: "#fff", "stroke-width": 5 / scale, "stroke-linejoin": "round" }),
      shape("path", { d: path, transform: `scale(${scale})`, fill: state === "candidate" ? "#fff" : SITES[state], stroke: SITES[state], "stroke-width": 1.4 / scale, "stroke-linejoin": "round" }));
    if (number) {
      const text = shape("text", { y: 3.6 + (form % SHAPES.length === 2 ? 1.4 : 0), "text-anchor": "middle", fill: "#fff", "font-size": number > 99 ? 8 : 10, "font-weight": 700 });
      text.textContent = String(number);
      append(svg, text);
    }
    return svg;
  }

  function peopleSymbol(kind, radius) {
    const style = PEOPLE[kind];
    const svg = canvasOf(2 * Math.ceil(radius) + 4);
    return append(svg, shape("circle", { r: radius, fill: style.fillColor, "fill-opacity": style.fillOpacity, stroke: style.color, "stroke-width": style.weight }));
  }

  /* ---- layers ---- */
  const Late = L.FeatureGroup.extend({
    initialize(build) {
      L.FeatureGroup.prototype.initialize.call(this);
      this.build = build;
    },
    onAdd(map) {
      if (this.build) {
        this.build(this);
        this.build = null;
      }
      L.FeatureGroup.prototype.onAdd.call(this, map);
    },
  });

  const points = unpack(data.points.place)[0] || [];
  const biggest = data.points.people.reduce((most, people) => Math.max(most, people), 1);
  const order = points.map((_, i) => i).sort((a, b) => data.points.people[b] - data.points.people[a] || a - b);
  const coverages = new Map(data.coverage.map((table) => [`${table.standard} ${table.state}`, table]));
  const peopleLayers = new Map();
  const plannedLayers = [];
  const renderers = {};
  let map = null;
  let current = null;

  function radius(people) {
    return Math.max(1.5, 6 * Math.sqrt(people / biggest));
  }

  function kindOf(standard, state, i) {
    const code = coverages.get(`${standard} ${state}`).code[i];
    if (code === "n") { return "unassessable"; }
    if (code !== "c") { return "uncovered"; }
    const before = coverages.get(`${standard} today`);
    return state === "plan" && before && before.code[i] !== "c" ? "newly" : "covered";
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

  function facts(rows) {
    const list = make("dl", "pm-facts");
    rows.filter((row) => row[1] !== "" && row[1] !== null).forEach((row) => append(list, make("dt", "", row[0]), make("dd", "", row[1])));
    return list;
  }

  function pointCard(layer) {
    const i = layer.row;
    const card = append(make("div", "pm-popup"), make("h3", "", data.points.name[i] || words.unnamed));
    append(card, facts([[words.location, data.points.place_of[i]], [words.people, fill(words.persons, { n: digits(data.points.people[i]) })]]));
    const table = make("table"), head = append(make("tr"), make("th", "", words.standard));
    data.states.forEach((state) => append(head, make("th", "", words[state])));
    append(table, append(make("thead"), head));
    record.standards.forEach((standard, s) => {
      const row = append(make("tr"), make("td", "", standard.name));
      data.states.forEach((state) => append(row, reach(coverages.get(`${s} ${state}`), i)));
      append(table, row);
    });
    return append(card, table);
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
        const circle = L.circleMarker(points[i], { ...PEOPLE[kindOf(standard, state, i)], radius: radius(data.points.people[i]), pane: "people", renderer: renderers.people });
        circle.row = i;
        group.addLayer(circle);
      });
    });
    layer.bindPopup(pointCard, { maxWidth: 420 }).bindTooltip(pointTip, { sticky: true });
    layer.on("add", () => show(standard, state));
    peopleLayers.set(`${standard} ${state}`, layer);
    return layer;
  }

  function siteCard(layer) {
    const i = layer.row, table = data.sites;
    const yuan = (number) => (number === null ? null : fill(table.estimated[i] ? words.yuan_estimated : words.yuan, { n: digits(number) }));
    const people = table.people[i];
    return append(make("div", "pm-popup"), make("h3", "", table.name[i] || words.unnamed), facts([
      [words.type, table.types[i]], [words.state, words[`state_${layer.state}`]], [words.number, table.number[i] || null],
      [words.location, table.place_of[i]], [words.serves, people === null ? null : fill(words.persons, { n: digits(people) })],
      [words.once, yuan(table.cost_once_yuan[i])], [words.yearly, yuan(table.cost_yearly_yuan[i])],
    ]));
  }

  function sites(group) {
    const key = data.sites.groups[group];
    const layer = new Late((target) => key.rows.forEach((i) => {
      const icon = L.divIcon({ className: "pm-site", html: siteSymbol(key.state, key.form, data.sites.number[i]), iconSize: [24, 24], iconAnchor: [12, 12] });
      /* Focus pans a marker in view only if it is out of it: a pan under the finger would lose the click. */
      const marker = L.marker(sitePlaces[i], { icon, autoPanPadding: [0, 0], title: data.sites.name[i] || words.unnamed, zIndexOffset: { planned: 20000, today: 10000, closed: 5000, candidate: 0 }[key.state] });
      Object.assign(marker, { row: i, state: key.state });
      target.addLayer(marker);
    }));
    if (key.state === "planned") { plannedLayers.push(layer); }
    return layer.bindPopup(siteCard, { maxWidth: 340 });
  }
  const sitePlaces = unpack(data.sites.place)[0] || [];

  function areas(number) {
    const area = data.areas[number];
    return new Late((group) => group.addLayer(L.polyline(unpack(area.lines), {
      color: area.state === "plan" ? "#00593f" : "#005a8f", weight: 1.3, opacity: 0.75, dashArray: area.state === "plan" ? "5 3" : null,
      interactive: false, pane: "areas", renderer: renderers.areas,
    })));
  }

  function roads() {
    return new Late((group) => {
      const drawn = Object.keys(ROADS).filter((kind) => data.roads[kind]).map((kind) => [kind, L.polyline(unpack(data.roads[kind]), {
        color: ROADS[kind][0], interactive: false, smoothFactor: 0.8, pane: "roads", renderer: renderers.roads, lineCap: "round",
      })]);
      const widen = () => drawn.forEach(([kind, line]) => line.setStyle({ weight: ROADS[kind][1] * Math.min(2.6, Math.max(0.55, 1.22 ** (map.getZoom() - 12.5))) }));
      drawn.forEach(([, line]) => group.addLayer(line));
      map.on("zoomend", widen);
      widen();
    });
  }

  /* ---- the page around the map ---- */
  function show(standard, state) {
    current = { standard, state };
    document.querySelectorAll(".pm-rate").forEach((row, i) => row.classList.toggle("pm-current", i === standard));
    document.querySelectorAll("[data-state]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.state === state)));
    document.getElementById("pm-shown").textContent = fill(words.layer, { name: record.standards[standard].name, state: words[state] });
  }

  function turn(state) {
    if (!current || current.state === state) { return; }
    const from = peopleLayers.get(`${current.standard} ${current.state}`);
    const to = peopleLayers.get(`${current.standard} ${state}`);
    map.closePopup().removeLayer(from).addLayer(to);
    plannedLayers.forEach((layer) => (state === "plan" ? map.addLayer(layer) : map.removeLayer(layer)));
  }

  function button(text, act, className) {
    const element = make("button", className || "pm-button", text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }

  function section(heading, ...children) {
    return append(make("section"), make("h2", "", heading), ...children);
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
    const yuan = (number) => (number === null ? null : fill(words.yuan, { n: digits(number) }));
    const block = section(words.plan_heading, facts([
      [words.plan_status, fill(words[`status.${record.plan.status}`], { gap: record.plan.gap })],
      [words.plan_opened, fill(words.count, { n: digits(record.plan.opened) })],
      [words.plan_once, yuan(record.plan.cost_once_yuan)], [words.plan_yearly, yuan(record.plan.cost_yearly_yuan)],
      [words.plan_estimated, yuan(record.plan.estimated_yuan)],
    ]));
    return record.plan.best_effort ? append(block, make("div", "pm-unmet", words.best_effort)) : block;
  }

  function peopleKeys() {
    const keys = make("div", "pm-keys");
    ["covered", ...(data.states.includes("plan") ? ["newly"] : []), "uncovered", "unassessable"].forEach((kind) => append(keys, peopleSymbol(kind, 6), make("span", "", words[kind])));
    const nice = (number) => {
      const step = 10 ** Math.floor(Math.log10(Math.max(1, number)));
      return Math.floor(number / step) * step;
    };
    const sizes = make("div", "pm-sizes");
    [...new Set([nice(biggest / 20), nice(biggest / 4), nice(biggest)])].filter((n) => n >= 1).forEach((n) => append(sizes, append(make("span"), peopleSymbol("unassessable", radius(n)), make("span", "", digits(n)))));
    return section(words.key_people, keys, append(make("div"), sizes, make("div", "pm-small", words.key_size)));
  }

  function siteKeys() {
    const keys = make("div", "pm-keys");
    data.sites.groups.forEach((group) => append(keys, siteSymbol(group.state, group.form, group.state === "planned" ? 1 : 0), make("span", "", group.name)));
    return section(words.key_sites, keys);
  }

  function panel() {
    const box = document.getElementById("pm-panel");
    box.setAttribute("aria-label", words.legend);
    const shown = make("p", "pm-shown");
    shown.id = "pm-shown";
    append(box, append(make("section"), shown), section(words.rates, ...record.standards.map(rate)));
    append(box, peopleKeys(), siteKeys());
    if (record.goals.length) { append(box, goals()); }
    if (data.states.includes("plan")) { append(box, plan()); }
    return box;
  }

  function actions(box) {
    const bar = document.getElementById("pm-actions");
    if (data.states.length > 1) {
      const group = make("div", "pm-switch");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", words.switch);
      data.states.forEach((state) => {
        const choice = button(words[state], () => turn(state));
        choice.dataset.state = state;
        append(group, choice);
      });
      append(bar, group);
    }
    const fold = button(words.legend, () => {
      box.hidden = !box.hidden;
      fold.setAttribute("aria-expanded", String(!box.hidden));
      map.invalidateSize();
    });
    fold.setAttribute("aria-expanded", "true");
    fold.setAttribute("aria-controls", "pm-panel");
    append(bar, button(words.whole, () => map.fitBounds(data.bounds, { padding: [24, 24] })), fold);
  }

  function footer() {
    const [notes, review, maker, note] = data.footer;
    const number = make("span", "", words.review + review);
    if (!review) { append(number, make("span", "pm-blank")); }
    const imprint = append(make("p", "pm-imprint"), make("span", "", words.base), number);
    [maker && fill(words.maker, { name: maker }), fill(words.date, record), note].filter(Boolean)
      .forEach((text) => append(imprint, make("span", "", text)));
    append(document.getElementById("pm-footer"), ...notes.map((line) => make("p", "", line)), imprint);
  }

  function start(target) {
    map = target;
    map.getContainer().setAttribute("aria-label", words.map);
    [["roads", 210], ["areas", 380], ["people", 420]].forEach(([name, level]) => {
      map.createPane(name).style.zIndex = level;
      renderers[name] = L.canvas({ pane: name, padding: name === "people" ? 0.1 : 0.4 });
    });
    L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    L.control.attribution({ prefix: false }).addAttribution(words.attribution).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    map.on("popupopen", (event) => {
      const close = event.popup.getElement().querySelector(".leaflet-popup-close-button");
      if (close) { close.setAttribute("aria-label", words.close); }
    });
    return map;
  }

  /* The layer control stands before the map in the page, so that Tab meets it before the markers. */
  function placeLayerControl() {
    const container = map.getContainer().querySelector(".leaflet-control-layers");
    const fold = button(words.layers, () => {
      container.hidden = !container.hidden;
      fold.setAttribute("aria-expanded", String(!container.hidden));
    }, "pm-fold");
    fold.setAttribute("aria-expanded", "true");
    append(document.getElementById("pm-layers"), fold, container);
    container.querySelector(".leaflet-control-layers-base").dataset.heading = words.heading_people;
    container.querySelector(".leaflet-control-layers-overlays").dataset.heading = words.heading_overlays;
  }

  /* All that takes room on the page comes before the map, which measures its box when it is made. */
  document.getElementById("pm-subtitle").textContent = fill(words.subtitle, record);
  actions(panel());
  footer();
  document.addEventListener("DOMContentLoaded", placeLayerControl);
  window.plannerMap = { start, people, sites, areas, roads };
})();
