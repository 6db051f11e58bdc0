/* What the live map draws: people as they are under the room's plan on one canvas, lines, symbols of sites, their key. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  /* States of a point as the engine gives them, and what is drawn for them. */
  const UNCOVERED = 1, COVERED = 2, APART = 3;
  const LEFT = 1, TODAY = 2, NEWLY = 3, UNJUDGED = 4, WON = 8, LOST = 16;
  /* Okabe-Ito, as the signed map: blues are today's, greens newly covered, vermilion is what is left. */
  const FILLS = { [LEFT]: ["#d55e00", 0.78], [TODAY]: ["#56b4e9", 0.9], [NEWLY]: ["#009e73", 0.95], [UNJUDGED]: ["#fff", 0.5] };
  const INK = "#1a1a1a", PLAN = "#00593f", LIVE = "#cc79a7";
  const TILE = 256, STEPS = 4, LEAST_RINGED = 3.2; // pixels of a world tile; steps of a radius to the pixel; least radius with a ring

  /* What each point is drawn as: by its state now, with a ring where that differs from the signed plan. */
  function kinds(now, today, signed) {
    const found = new Uint8Array(now.length);
    for (let i = 0; i < now.length; i += 1) {
      if (now[i] === COVERED) { found[i] = (today[i] === COVERED ? TODAY : NEWLY) | (signed[i] === COVERED ? 0 : WON); }
      if (now[i] === UNCOVERED) { found[i] = LEFT | (signed[i] === COVERED ? LOST : 0); }
      if (now[i] === APART) { found[i] = UNJUDGED; }
    }
    return found;
  }

  /* ---- people ---- */
  /* Places as parts of the world's width and height in Web Mercator, the largest circles first; those without a place are not drawn. */
  function crowd(points) {
    const east = new Float64Array(points.n), south = new Float64Array(points.n), placed = [];
    let most = 1;
    for (let i = 0; i < points.n; i += 1) {
      const sine = Math.sin(points.lat[i] * Math.PI / 180);
      east[i] = points.lon[i] / 360 + 0.5;
      south[i] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
      most = Math.max(most, points.people[i]);
      if (!Number.isNaN(east[i] + south[i])) { placed.push(i); }
    }
    placed.sort((a, b) => points.people[b] - points.people[a] || a - b);
    return { east, south, most, people: points.people, order: Uint32Array.from(placed), steps: new Uint8Array(points.n) };
  }

  /* Radii in steps, for the largest circle's radius in pixels; those of the signed map. */
  function size(one, largest) {
    for (let i = 0; i < one.steps.length; i += 1) {
      one.steps[i] = Math.round(STEPS * Math.max(1.4, largest * Math.sqrt(one.people[i] / one.most)));
    }
  }

  function circle(ctx, radius, width, color) {
    ctx.beginPath();
    ctx.arc(0, 0, radius, 0, 2 * Math.PI);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.stroke();
  }

  /* A circle drawn once, to be copied: thousands of copies take less time than as many arcs. */
  function sprite(kind, step, ratio) {
    const ringed = kind >= WON, radius = ringed ? Math.max(LEAST_RINGED, step / STEPS) : step / STEPS;
    const half = Math.ceil(radius + (ringed ? 3 : 1)), canvas = document.createElement("canvas"), ctx = canvas.getContext("2d");
    const [color, alpha] = FILLS[kind & 7];
    canvas.width = canvas.height = 2 * half * ratio;
    ctx.scale(ratio, ratio);
    ctx.translate(half, half);
    ctx.beginPath();
    ctx.arc(0, 0, radius, 0, 2 * Math.PI);
    ctx.globalAlpha = ringed ? 1 : alpha;
    ctx.fillStyle = color;
    ctx.fill();
    ctx.globalAlpha = 1;
    const thin = (kind & 7) === UNJUDGED ? 1.2 : 0.6;
    if (ringed) { circle(ctx, radius + 1.4, 2.6, "#fff"); }
    circle(ctx, radius + (ringed ? 0.8 : 0), ringed ? 1.7 : thin * Math.min(1, radius / 4), ringed ? INK : thin > 1 ? "#7d8287" : "#fff");
    if (kind & LOST) { cross(ctx, radius * 0.62); }
    return { canvas, half };
  }

  function cross(ctx, arm) {
    ctx.beginPath();
    [[1, 1], [1, -1]].forEach(([x, y]) => {
      ctx.moveTo(-x * arm, -y * arm);
      ctx.lineTo(x * arm, y * arm);
    });
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = "#fff";
    ctx.stroke();
  }

  const made = new Map();

  function spriteOf(kind, step, ratio) {
    const key = (kind * 64 + Math.min(63, step)) * 2 + ratio - 1;
    if (!made.has(key)) { made.set(key, sprite(kind, Math.min(63, step), ratio)); }
    return made.get(key);
  }

  /* Draw the points that `rows` lists; `kindOf(i)` of 0 is not drawn. Pixels are whole, so that circles are copied as they are. */
  function people(layer, one, rows, kindOf) {
    const map = layer._map, ctx = layer._ctx, { min, max } = layer._bounds, ratio = L.Browser.retina ? 2 : 1;
    const world = TILE * 2 ** map.getZoom(), origin = map.getPixelOrigin(), spare = 20;
    for (let at = 0; at < rows.length; at += 1) {
      const i = rows[at], kind = kindOf(i);
      if (!kind) { continue; }
      const x = Math.round(ratio * (one.east[i] * world - origin.x)) / ratio, y = Math.round(ratio * (one.south[i] * world - origin.y)) / ratio;
      if (x < min.x - spare || x > max.x + spare || y < min.y - spare || y > max.y + spare) { continue; }
      const { canvas, half } = spriteOf(kind, one.steps[i], ratio);
      ctx.drawImage(canvas, x - half, y - half, 2 * half, 2 * half);
    }
  }

  /* Those that differ from the signed plan lie above all others. */
  function wholeCrowd(layer, one, drawn) {
    people(layer, one, one.order, (i) => (drawn[i] < WON ? drawn[i] : 0));
    people(layer, one, one.order, (i) => (drawn[i] < WON ? 0 : drawn[i]));
  }

  /* The point under a place on the screen, none where there is no circle; those on top first. */
  function pointAt(map, one, drawn, latlng, slack) {
    const world = TILE * 2 ** map.getZoom(), at = map.project(latlng);
    for (let k = one.order.length - 1; k >= 0; k -= 1) {
      const i = one.order[k], reach = one.steps[i] / STEPS + slack;
      const x = one.east[i] * world - at.x, y = one.south[i] * world - at.y;
      if (drawn[i] && x * x + y * y <= reach * reach) { return i; }
    }
    return -1;
  }

  /* ---- lines ---- */
  /* A line from one place to another; `arrow` points to the second, `width` and `dash` in pixels. */
  function line(layer, from, to, { color, width, dash, arrow }) {
    const ctx = layer._ctx, [a, b] = [from, to].map(([lon, lat]) => layer._map.latLngToLayerPoint([lat, lon]));
    const turn = Math.atan2(b.y - a.y, b.x - a.x);
    ctx.save();
    ctx.lineCap = "round";
    [["#fff", width + 2.5], [color, width]].forEach(([stroke, thick]) => {
      ctx.setLineDash(stroke === "#fff" ? [] : dash || []);
      ctx.beginPath();
      ctx.moveTo(a.x, a.y);
      ctx.lineTo(b.x, b.y);
      ctx.lineWidth = thick;
      ctx.strokeStyle = stroke;
      ctx.stroke();
    });
    if (arrow && a.distanceTo(b) > 24) {
      ctx.translate(b.x - 13 * Math.cos(turn), b.y - 13 * Math.sin(turn));
      ctx.rotate(turn);
      ctx.beginPath();
      [[2, 0], [-9, 5], [-9, -5]].forEach(([x, y]) => ctx.lineTo(x, y));
      ctx.fillStyle = color;
      ctx.fill();
    }
    ctx.restore();
  }

  /* A ring round the point that a card is of. */
  function mark(layer, one, i) {
    const map = layer._map, ctx = layer._ctx, world = TILE * 2 ** map.getZoom(), origin = map.getPixelOrigin();
    ctx.save();
    ctx.translate(one.east[i] * world - origin.x, one.south[i] * world - origin.y);
    circle(ctx, one.steps[i] / STEPS + 5, 5, "#fff");
    circle(ctx, one.steps[i] / STEPS + 5, 2.5, LIVE);
    ctx.restore();
  }

  /* ---- layers ---- */
  /* A canvas over the map that `paint(layer)` fills: redrawn as the map moves and, by `again()`, in the next frame. It takes no clicks. */
  function canvasLayer(map, pane, level, paint) {
    const Layer = L.Canvas.extend({
      _draw() { if (this._map && this._ctx) { paint(this); } },
      again() {
        if (this._map) { this._redrawRequest = this._redrawRequest || L.Util.requestAnimFrame(this._redraw, this); }
      },
      onRemove() {
        L.Canvas.prototype.onRemove.call(this);
        this._redrawRequest = null;
      },
    });
    const box = map.getPane(pane) || map.createPane(pane);
    box.style.zIndex = level;
    box.style.pointerEvents = "none";
    return new Layer({ pane, padding: 0.1 });
  }

  /* A tooltip would fade for a moment, beside the one that stands in its place. */
  function away(tooltip) {
    const element = tooltip.getElement();
    tooltip.remove();
    if (element) { element.remove(); }
  }

  /* ---- symbols ---- */
  function ring(svg, shape) {
    [["#fff", 5.4], [LIVE, 3]].reverse().forEach(([stroke, width]) => {
      svg.insertBefore(shape("circle", { r: 14.5, fill: "none", stroke, "stroke-width": width }), svg.firstChild);
    });
  }

  /* A planned site that the room does not build: as it was, but empty. */
  function empty(svg) {
    const outline = svg.querySelectorAll("path")[1], number = svg.querySelector("text");
    outline.setAttribute("fill", "#fff");
    outline.setAttribute("stroke-dasharray", "3 2");
    if (number) { number.setAttribute("fill", PLAN); }
  }

  /* Arrows to four sides, beside what may be dragged. */
  function handle(svg, shape) {
    const grip = shape("g", { transform: "translate(9 9)", class: "pm-live-grip" });
    grip.appendChild(shape("circle", { r: 5, fill: "#fff", stroke: PLAN, "stroke-width": 1 }));
    grip.appendChild(shape("path", {
      d: "M0-3.4V3.4M-3.4 0H3.4M-1.2-2.2 0-3.4 1.2-2.2M-1.2 2.2 0 3.4 1.2 2.2M-2.2-1.2-3.4 0-2.2 1.2M2.2-1.2 3.4 0 2.2 1.2",
      fill: "none", stroke: PLAN, "stroke-width": 1,
    }));
    svg.appendChild(grip);
  }

  /* `state` as on the signed map, or "ghost" for what was planned and is not built now. */
  function symbol({ state, form, number, isChanged, hasHandle }) {
    const { siteSymbol, shape } = root.plannerPage;
    const svg = siteSymbol(state === "ghost" ? "planned" : state, form, number);
    if (state === "ghost") { empty(svg); }
    if (isChanged) { ring(svg, shape); }
    if (hasHandle) { handle(svg, shape); }
    return svg;
  }

  function pointSymbol(kind) {
    const { canvasOf, shape, append } = root.plannerPage, [fill, opacity] = FILLS[kind & 7], svg = canvasOf(18);
    const stroke = kind >= WON ? INK : kind === UNJUDGED ? "#7d8287" : "#fff";
    append(svg, shape("circle", { r: 5, fill, "fill-opacity": opacity, stroke, "stroke-width": kind >= WON ? 1.8 : 1 }));
    if (kind & LOST) { append(svg, shape("path", { d: "M-3-3 3 3M3-3-3 3", stroke: "#fff", "stroke-width": 1.6, fill: "none" })); }
    return svg;
  }

  /* The key of what is drawn live: [symbol, words]. */
  function keys(say, hasPlan) {
    const { make, append, canvasOf, data, shape, siteSymbol } = root.plannerPage, sites = data.sites.groups, box = make("div", "pm-keys pm-live-keys");
    const planned = (sites.find(({ state }) => state === "planned") || { form: 0 }).form;
    const changed = append(canvasOf(22), shape("circle", { r: 7, fill: "none", stroke: LIVE, "stroke-width": 3 }));
    [[pointSymbol(TODAY), "key_today"], [pointSymbol(NEWLY), "key_newly"], [pointSymbol(LEFT), "key_left"], [pointSymbol(UNJUDGED), "key_unjudged"],
      [pointSymbol(NEWLY | WON), hasPlan ? "key_won" : "key_won_today"], [pointSymbol(LEFT | LOST), hasPlan ? "key_lost" : "key_lost_today"],
      [changed, "key_changed"],
    ].forEach(([svg, key]) => append(box, svg, make("span", "", say(key))));
    const short = (name) => name.split(/（| \(/)[0]; // without how they are numbered, which the lists tell
    sites.forEach(({ state, form, name }) => append(box, siteSymbol(state, form, state === "planned" ? 1 : 0), make("span", "", short(name))));
    return append(box, symbol({ state: "ghost", form: planned, number: 1 }), make("span", "", say("title_ghost")));
  }

  live.marks = { kinds, crowd, size, people, wholeCrowd, pointAt, line, mark, canvasLayer, away, symbol, keys, GAINED: NEWLY | WON, GONE: LEFT | LOST };
})(globalThis);
