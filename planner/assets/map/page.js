/* What every map page of the planner shares. Names are data: they reach the page by textContent only. */
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("planner-data").textContent);
  const { words, record } = data;
  const SVG = "http://www.w3.org/2000/svg";
  const SITES = { today: "#005a8f", planned: "#00593f", candidate: "#8a8f94" };
  const SHAPES = [
    "M-6-6H6V6H-6Z", "M0-7.8 7.8 0 0 7.8-7.8 0Z", "M0-7.6 7.4 5.6H-7.4Z", "M-3.9-6.8H3.9L7.8 0 3.9 6.8H-3.9L-7.8 0Z",
    "M0 7.6-7.4-5.6H7.4Z", "M-2.6-7.4H2.6V-2.6H7.4V2.6H2.6V7.4H-2.6V2.6H-7.4V-2.6H-2.6Z",
    "M0-7.8 7.4-2.4 4.6 6.3H-4.6L-7.4-2.4Z", "M-4.5-6.5H4.5L7.5 5.5H-7.5Z",
  ];
  const renderers = {};
  let map = null;

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

  /* A name in letters that run to the left must not turn the words and figures around it. */
  function isolated(text) {
    return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text;
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? isolated(String(values[key])) : whole));
  }

  function digits(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /* An amount exactly, as documents print it: in 万元 in Chinese, in full in English. */
  function money(number, estimated) {
    const unit = Number(words.money_unit), rest = number % unit;
    const decimals = rest ? `.${String(rest).padStart(words.money_unit.length - 1, "0").replace(/0+$/, "")}` : "";
    const n = unit > 1 ? Math.floor(number / unit) + decimals : digits(number);
    return fill(estimated ? words.yuan_estimated : words.yuan, { n });
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

  function facts(rows) {
    const list = make("dl", "pm-facts");
    rows.filter((row) => row[1] !== "" && row[1] !== null).forEach((row) => append(list, make("dt", "", row[0]), make("dd", "", row[1])));
    return list;
  }

  function siteCard(layer) {
    const i = layer.row, table = data.sites;
    const yuan = (number) => (number === null ? null : money(number, table.estimated[i]));
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
    return layer.bindPopup(siteCard, { maxWidth: 340 });
  }
  const sitePlaces = unpack(data.sites.place)[0] || [];

  /* ---- the page around the map ---- */
  function button(text, act, className) {
    const element = make("button", className || "pm-button", text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }

  function section(heading, ...children) {
    return append(make("section"), make("h2", "", heading), ...children);
  }

  function siteKeys() {
    const keys = make("div", "pm-keys");
    data.sites.groups.forEach((group) => append(keys, siteSymbol(group.state, group.form, group.state === "planned" ? 1 : 0), make("span", "", group.name)));
    return section(words.key_sites, keys);
  }

  /* A box that scrolls takes the focus, and then the arrow keys. */
  function scrolled(parent, box, label) {
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", label);
    return append(parent, box);
  }

  function footer() {
    const [notes, review, maker, note] = data.footer;
    const number = make("span", "", words.review + review);
    if (!review) { append(number, make("span", "pm-blank")); }
    const imprint = append(make("p", "pm-imprint"), make("span", "", words.base), number);
    const made = make("span", "", fill(words.maker, { name: maker }));
    if (!maker) { append(made, make("span", "pm-blank")); }
    append(imprint, made);
    [fill(words.date, record), note].filter(Boolean).forEach((text) => append(imprint, make("span", "", text)));
    const told = append(make("div", "pm-notes"), ...notes.map((line) => make("p", "", line)));
    append(scrolled(document.getElementById("pm-footer"), told, words.notes), imprint);
  }

  /* A card opens clear of the search box above it and the layers beside it, on a small window of their fold button. */
  function keepCardsClear() {
    const layers = document.getElementById("pm-layers");
    Object.defineProperties(L.Popup.prototype.options, {
      autoPanPaddingTopLeft: { get: () => L.point(8, isSmall() ? layers.offsetTop + layers.firstChild.offsetHeight + 8 : 52) },
      autoPanPaddingBottomRight: { get: () => L.point(isSmall() ? 8 : layers.offsetWidth + 18, 8) },
    });
  }

  function scale() {
    const bar = L.control.scale({ imperial: false, maxWidth: 140 });
    bar._updateMetric = (room) => {
      const metres = bar._getRoundNum(room);
      const label = metres < 1000 ? `${metres} ${words.metre}` : `${metres / 1000} ${words.kilometre}`;
      bar._updateScale(bar._mScale, label, metres / room);
    };
    return bar;
  }

  function north() {
    const control = L.control({ position: "bottomleft" });
    control.onAdd = () => {
      const box = make("div", "pm-north"), svg = shape("svg", { width: 22, height: 30, viewBox: "-11 -17 22 30", "aria-hidden": "true" });
      append(svg, shape("path", { d: "M0-16 8 11 0 6Z", fill: "#2b2f33" }), shape("path", { d: "M0-16-8 11 0 6Z", fill: "#fff", stroke: "#2b2f33", "stroke-linejoin": "round" }));
      box.setAttribute("role", "img");
      box.setAttribute("aria-label", words.north_up);
      return append(box, make("span", "", words.north), svg);
    };
    return control;
  }

  function start(target) {
    map = target;
    const container = map.getContainer();
    container.setAttribute("role", "application");
    container.setAttribute("aria-label", words.map_keys);
    /* A pressed marker is not given the focus (the map gets it): it would be scrolled into view, and Leaflet would scroll
       the map back under the click. */
    container.addEventListener("mousedown", (event) => {
      if (event.target.closest(".leaflet-marker-icon")) { event.preventDefault(); }
    });
    map.getPane("popupPane").setAttribute("aria-live", "polite");
    keepCardsClear();
    [["roads", 210], ["areas", 380], ["people", 420]].forEach(([name, level]) => {
      map.createPane(name).style.zIndex = level;
      renderers[name] = L.canvas({ pane: name, padding: name === "people" ? 0.1 : 0.4 });
    });
    L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    L.control.attribution({ prefix: false }).addAttribution(words.attribution).addTo(map);
    scale().addTo(map);
    north().addTo(map);
    map.on("popupopen", (event) => {
      const close = event.popup.getElement().querySelector(".leaflet-popup-close-button");
      if (close) { close.setAttribute("aria-label", words.close); }
    });
    /* The first view before there are layers: nothing is drawn twice, nothing moves as the page opens. */
    return map.fitBounds(data.bounds, { padding: [24, 24], maxZoom: 16, animate: false });
  }

  function isSmall() {
    return window.matchMedia("(max-width: 760px)").matches;
  }

  /* What a fold button shows or hides; on a small window it is hidden at first. */
  function folding(text, box, className, then) {
    const turn = (hidden) => {
      box.hidden = hidden;
      fold.setAttribute("aria-expanded", String(!hidden));
    };
    const fold = button(text, () => {
      turn(!box.hidden);
      if (then) { then(); }
    }, className);
    turn(isSmall());
    return fold;
  }

  /* The layer control stands before the map in the page, so that Tab meets it before the markers. */
  function placeLayerControl() {
    const container = map.getContainer().querySelector(".leaflet-control-layers");
    append(document.getElementById("pm-layers"), folding(words.layers, container, "pm-fold"), container);
    const base = container.querySelector(".leaflet-control-layers-base");
    if (base.children.length) { base.dataset.heading = words.heading_people; }
    container.querySelector(".leaflet-control-layers-overlays").dataset.heading = words.heading_overlays;
  }

  /* The panel's sections, the buttons before those of every page, and the foot: all that takes room on the page comes
     before the map, which measures its box when it is made. */
  function frame(sections, switches) {
    const box = document.getElementById("pm-panel");
    box.setAttribute("aria-label", words.legend);
    box.tabIndex = 0;
    append(box, ...sections);
    const fold = folding(words.legend, box, undefined, () => map.invalidateSize());
    fold.setAttribute("aria-controls", "pm-panel");
    const whole = button(words.whole, () => map.fitBounds(data.bounds, { padding: [24, 24] }));
    append(document.getElementById("pm-actions"), ...switches, whole, fold);
    const skip = make("a", "pm-skip", words.skip);
    skip.href = "#pm-stage";
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      map.getContainer().focus();
    });
    document.body.insertBefore(skip, document.body.firstChild);
    document.getElementById("pm-subtitle").textContent = fill(words.subtitle, record);
    footer();
    document.addEventListener("DOMContentLoaded", placeLayerControl);
  }

  window.plannerPage = {
    data, words, record, make, append, fill, digits, money, unpack, shape, canvasOf, facts, button, section, sites, siteKeys,
    siteCard, siteSymbol, frame, renderers, Late, map: () => map,
  };
  window.plannerMap = { start, sites };
})();
