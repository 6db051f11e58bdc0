/* Roads, drawn straight from the packed arrays: Leaflet would make some objects of every point. */
(function () {
  "use strict";
  const { data, renderers, Late } = window.plannerPage;
  const ROADS = {
    path: ["#dddbd5", 0.8], minor: ["#d3d1cb", 1.05], medium: ["#c1bfb8", 1.8], major: ["#a9a69f", 2.6],
  };
  const TILE = 256;

  /* Many lines as one path. Places are kept as parts of the world's width and height in Web Mercator. */
  const Net = L.Polyline.extend({
    initialize(packed, options) {
      L.Polyline.prototype.initialize.call(this, [], options);
      const places = new Float64Array(packed.d.length), box = [1, 1, 0, 0];
      for (let i = 0, x = 0, y = 0; i < places.length; i += 2) {
        x += packed.d[i];
        y += packed.d[i + 1];
        const sine = Math.sin(y * Math.PI / 18e6);
        const east = x / 36e6 + 0.5, south = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
        places[i] = east;
        places[i + 1] = south;
        box[0] = Math.min(box[0], east);
        box[1] = Math.min(box[1], south);
        box[2] = Math.max(box[2], east);
        box[3] = Math.max(box[3], south);
      }
      Object.assign(this, { _places: places, _counts: packed.n, _box: box });
    },
    _project() {
      const world = TILE * 2 ** this._map.getZoom(), origin = this._map.getPixelOrigin(), [west, north, east, south] = this._box.map((part) => part * world);
      const spare = L.point(this.options.weight, this.options.weight);
      this._pxBounds = L.bounds(L.point(west, north).subtract(origin).subtract(spare), L.point(east, south).subtract(origin).add(spare));
    },
    _update() {
      if (this._map) { this._updatePath(); }
    },
    _updatePath() {
      const renderer = this._renderer;
      if (!renderer._drawing || !this._counts.length) { return; }
      const ctx = renderer._ctx, { min, max } = renderer._bounds, places = this._places;
      const world = TILE * 2 ** this._map.getZoom(), origin = this._map.getPixelOrigin();
      ctx.beginPath();
      let at = 0;
      this._counts.forEach((count) => {
        let x = 0, y = 0, drawn = false;
        for (let i = 0; i < count; i += 1, at += 2) {
          const toX = places[at] * world - origin.x, toY = places[at + 1] * world - origin.y;
          const outside = (x < min.x && toX < min.x) || (x > max.x && toX > max.x) || (y < min.y && toY < min.y) || (y > max.y && toY > max.y);
          if (i && !outside) {
            if (!drawn) { ctx.moveTo(x, y); }
            ctx.lineTo(toX, toY);
          }
          drawn = i > 0 && !outside;
          x = toX;
          y = toY;
        }
      });
      renderer._fillStroke(ctx, this);
    },
  });

  function roads() {
    return new Late((group) => {
      const map = window.plannerPage.map();
      const weight = (kind) => ROADS[kind][1] * Math.min(2.6, Math.max(0.55, 1.22 ** (map.getZoom() - 12.5)));
      const drawn = Object.keys(ROADS).filter((kind) => data.roads[kind]).map((kind) => [kind, new Net(data.roads[kind], {
        color: ROADS[kind][0], weight: weight(kind), interactive: false, pane: "roads", renderer: renderers.roads, lineCap: "round",
      })]);
      drawn.forEach(([, line]) => group.addLayer(line));
      map.on("zoomend", () => drawn.forEach(([kind, line]) => line.setStyle({ weight: weight(kind) })));
    });
  }

  window.plannerMap.roads = roads;
})();
