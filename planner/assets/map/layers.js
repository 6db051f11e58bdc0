/* Layers of the map of a result beside people, sites and roads: the land, communities that fall short, districts. */
(function () {
  "use strict";
  const { data, words, make, append, fill, digits, unpack, shape, canvasOf, section, renderers, Late } = window.plannerPage;

  const WATER = "#cfe2ee", SHORE = "#a9cbdf", BAND = "#e9e2ef", BORDER = "#8b7a9c";
  /* Diamonds beside the circles of people: told apart without their colour. */
  const COMMUNITIES = {
    unmet: { color: "#a8320a", weight: 2.2, fill: true, fillColor: "#fff", fillOpacity: 0.55 },
    unassessable: { color: "#4d5257", weight: 1.8, dashArray: "3 2.4", fill: true, fillColor: "#fff", fillOpacity: 0.55 },
  };
  const HALF = 8;
  const labels = [];
  let shown = null;

  /* Pixels that so many cells of 1e-5 degree of latitude take on the screen now. */
  function pixels(cells) {
    const map = window.plannerPage.map(), { lat, lng } = map.getCenter();
    return Math.abs(map.project([lat + cells / 1e5, lng]).y - map.project([lat, lng]).y);
  }

  /* ---- the land ---- */
  function land() {
    const lines = (packed, style) => L.polyline(unpack(packed), { interactive: false, pane: "roads", renderer: renderers.roads, smoothFactor: 0.8, ...style });
    const layer = new Late((group) => {
      const water = L.polygon(unpack(data.land.water), { interactive: false, pane: "roads", renderer: renderers.roads, color: SHORE, weight: 0.7, fillColor: WATER, fillOpacity: 1 });
      [water, lines(data.land.rivers, { color: SHORE, weight: 1.8 }), lines(data.land.borders, { color: BAND, weight: 5 }),
        lines(data.land.borders, { color: BORDER, weight: 1.2, dashArray: "9 3 1.5 3" })].forEach((one) => group.addLayer(one));
    });
    /* Under the roads, whichever was switched on first. */
    return layer.on("add", () => layer.getLayers().reverse().forEach((one) => one.bringToBack()));
  }

  function landKeys() {
    const keys = make("div", "pm-keys");
    if (data.land.water.n.length + data.land.rivers.n.length) {
      append(keys, append(canvasOf(22), shape("rect", { x: -9, y: -6, width: 18, height: 12, fill: WATER, stroke: SHORE })), make("span", "", words.key_water));
    }
    if (data.land.borders.n.length) {
      append(keys, append(canvasOf(24), shape("path", { d: "M-10 0H10", stroke: BAND, "stroke-width": 5 }), shape("path", { d: "M-10 0H10", stroke: BORDER, "stroke-width": 1.2, "stroke-dasharray": "9 3 1.5 3" })), make("span", "", words.key_border));
    }
    return section(words.key_land, keys);
  }

  /* ---- communities ---- */
  const Diamond = L.CircleMarker.extend({
    _updatePath() {
      const renderer = this._renderer, at = this._point, reach = this._radius, ctx = renderer._ctx;
      if (!renderer._drawing || this._empty()) { return; }
      ctx.beginPath();
      ctx.moveTo(at.x, at.y - reach);
      [[reach, 0], [0, reach], [-reach, 0]].forEach(([x, y]) => ctx.lineTo(at.x + x, at.y + y));
      ctx.closePath();
      ctx.setLineDash([]);
      ctx.lineWidth = this.options.weight + 2.4;
      ctx.strokeStyle = "#fff";
      ctx.stroke();
      renderer._fillStroke(ctx, this);
    },
  });

  function communities(kind, standard) {
    const table = data.communities, state = data.states[data.states.length - 1];
    const layer = new Late((group) => (unpack(table.place)[0] || []).forEach((place, row) => {
      if (table[state][row] !== kind || (kind === "unmet" && table.standard[row] !== standard)) { return; }
      const mark = new Diamond(place, { ...COMMUNITIES[kind], radius: HALF, pane: "people", renderer: renderers.people });
      mark.community = row;
      group.addLayer(mark);
    }));
    const tip = (mark) => make("span", "", `${table.name[mark.community] || words.unnamed} · ${fill(words.persons, { n: digits(table.people[mark.community]) })}`);
    return layer.bindPopup(window.plannerCards.communityCard, { maxWidth: 360, maxHeight: 460 }).bindTooltip(tip, { sticky: true });
  }

  /* What the layers of communities look like, and the names of those that have no place to be drawn at. */
  function communityKeys() {
    const table = data.communities, state = data.states[data.states.length - 1];
    const keys = make("div", "pm-keys"), names = make("ul"), placed = table.place.n[0] || 0;
    [["unmet", `key_left_${state}`], ["unassessable", "key_not_judged"]].filter(([kind]) => table[state].slice(0, placed).includes(kind)).forEach(([kind, key]) => {
      const { color, weight, dashArray } = COMMUNITIES[kind];
      const path = shape("path", { d: "M0-7 7 0 0 7-7 0Z", fill: "#fff", stroke: color, "stroke-width": weight, "stroke-dasharray": dashArray || "none" });
      append(keys, append(canvasOf(20), path), make("span", "", words[key]));
    });
    const block = section(words.key_communities, keys);
    const apart = table.name.map((name, row) => [name, row]).slice(placed).filter(([, row]) => table[state][row] !== "met");
    if (apart.length) {
      apart.forEach(([name, row]) => append(names, make("li", "", [...new Set([...table.place_of[row].split(" "), name || words.unnamed])].filter(Boolean).join(" "))));
      append(block, append(make("details"), make("summary", "", fill(words.unplaced, { n: digits(apart.length) })), names));
    }
    return block;
  }

  /* ---- districts ---- */
  function label(name) {
    const box = make("div", "pm-district"), share = make("span");
    return { box: append(box, make("strong", "", name), share), share };
  }

  /* Names of districts stand where they fit; those of most people first. */
  function thin() {
    const kept = [];
    labels.forEach(({ box }) => {
      box.style.visibility = "";
      const mine = box.getBoundingClientRect();
      const free = kept.every((other) => mine.right < other.left || mine.left > other.right || mine.bottom < other.top || mine.top > other.bottom);
      box.style.visibility = free ? "" : "hidden";
      if (free) { kept.push(mine); }
    });
  }

  function relabel(standard, state) {
    shown = { standard, state };
    const table = data.districts && data.districts.shares[standard];
    labels.forEach(({ share }, row) => {
      const values = table ? { today: table.today ? table.today[row] : "", plan: table.plan ? table.plan[row] : "" } : null;
      share.textContent = !values ? "" : state === "plan" ? fill(words.district_plan, values) : values.today;
    });
    if (labels.length) { thin(); }
  }

  function districts() {
    const layer = new Late((group) => (unpack(data.districts.place)[0] || []).forEach((place, row) => {
      const one = label(data.districts.name[row]);
      labels.push(one);
      group.addLayer(L.marker(place, { icon: L.divIcon({ className: "pm-district-at", html: one.box, iconSize: [0, 0] }), interactive: false, keyboard: false, zIndexOffset: 30000 }));
    }));
    const again = () => { if (shown) { relabel(shown.standard, shown.state); } };
    layer.on("add", () => {
      again();
      window.plannerPage.map().on("zoomend", again);
    });
    return layer.on("remove", () => window.plannerPage.map().off("zoomend", again));
  }

  window.plannerLayers = { pixels, land, landKeys, communities, communityKeys, districts, relabel };
})();
